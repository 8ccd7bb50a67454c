package explain

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"strings"
	"testing"
)

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What logrotate made of a log is read, several of them one after the other too.
func TestRotatedLogsAreRead(t *testing.T) {
	bz, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(bzipped), ""))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		log   string
		lines int64
	}{
		"gzip":     {packed(t, nginxLine+"\n"+goLine+"\n"), 2},
		"two":      {packed(t, nginxLine+"\n") + packed(t, goLine+"\n"), 2},
		"bzip2":    {string(bz), 2},
		"plain":    {goLine + "\n", 1},
		"one byte": {"x", 0},
		"nothing":  {"", 0},
	} {
		l, err := Read(strings.NewReader(c.log))
		if err != nil || l.Explained != c.lines {
			t.Errorf("%s: %d lines explained of %d, %v; want %d", name, l.Explained, l.Lines, err, c.lines)
		}
	}
}

// Other forms are no log without a failure: they are named.
func TestOtherFormsAreNamed(t *testing.T) {
	for start, want := range map[string]string{
		"\xfd7zXZ\x00\x00\x04":         "compressed by xz: xz -dc FILE | lab99 explain -",
		"\x28\xb5\x2f\xfd\x00\x00\x00": "compressed by zstd",
		"\xff\xfed\x00i\x00a\x00":      "UTF-16: iconv -f UTF-16 -t UTF-8",
		"\xfe\xff\x00d\x00i\x00a":      "UTF-16",
		"\x1f\x8bdial tcp":             "gzip: invalid header",
	} {
		if _, err := Read(strings.NewReader(start)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", start, err, want)
		}
	}
	whole := packed(t, strings.Repeat(nginxLine+"\n", 100))
	if _, err := Read(strings.NewReader(whole[:len(whole)-9])); err == nil {
		t.Error("a log that is cut off is read to its end")
	}
}

// bzipped is nginxLine and goLine, by bzip2 1.0.8.
const bzipped = `QlpoOTFBWSZTWcTVex8AADHfgAAQWHX98ArARAo/5/+AMADKgaESPUaMmTTyhpo2oekbIgEpMRTYRE0aMjaNQBiNpDAGmho0YjIB
oANDMlWFeYtqTGPZVTmDMLranlqxIHFvulasKLXFupTk5JcVxXuEmeG1klDZ84cbsoJkItJq0mjBYQs/Bq1jORk8Vhl+gpirfZvP
hmiznfso0ltg5PEDwVO9BHKAljMJGQZ0kI5jzK+RzRbizpn9KZpfdI7NsrWZnhfZdFDWx1L0fqjjGuZoSjitqIgppTSRfAeApMhS
BiKSiUW1zjKUYt2RzVD/F3JFOFCQxNV7Hw==`

package kernel

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/cavaliergopher/cpio"
	"github.com/google/go-cmp/cmp"
)

func TestInitrdHasWhatWasPut(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(
		os.MkdirAll(filepath.Join(dir, "usr", "bin"), 0o755),
		os.WriteFile(filepath.Join(dir, "usr", "bin", "x"), []byte("program"), 0o755),
		os.Chmod(filepath.Join(dir, "usr", "bin", "x"), 0o755),
		os.Symlink("usr/bin", filepath.Join(dir, "bin")),
		os.Mkdir(filepath.Join(dir, "tmp"), 0o777),
		os.Chmod(filepath.Join(dir, "tmp"), 0o777|fs.ModeSticky),
	); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	a := newArchive(&b)
	a.file("init", 0o755, []byte("first"))
	a.tree(dir, "root/tree")
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	type entry struct {
		Name, Text string
		Mode       uint32
	}
	var got []entry
	for r := cpio.NewReader(&b); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry{h.Name, string(data) + h.Linkname, uint32(h.Mode)})
	}
	want := []entry{
		{"init", "first", 0o100755},
		{"root", "", 0o040755},
		{"root/tree", "", 0o040755},
		{"root/tree/bin", "usr/bin", 0o120777},
		{"root/tree/tmp", "", 0o041777},
		{"root/tree/usr", "", 0o040755},
		{"root/tree/usr/bin", "", 0o040755},
		{"root/tree/usr/bin/x", "program", 0o100755},
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("perm", func(e entry) string { return e.Name })); diff != "" {
		t.Error(diff)
	}
	for i := range min(len(want), len(got)) {
		// The mode of a temporary directory is the test's own.
		if want[i].Mode != got[i].Mode && want[i].Name != "root/tree" || want[i].Text != got[i].Text {
			t.Errorf("got %q %o %q, want %q %o %q", got[i].Name, got[i].Mode, got[i].Text, want[i].Name, want[i].Mode,
				want[i].Text)
		}
	}
}

func TestInitrdKeepsTheFirstError(t *testing.T) {
	a := newArchive(io.Discard)
	a.tree("/no/such/directory", "x")
	a.file("y", 0o644, nil)
	if err := a.close(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want that there is no such directory", err)
	}
}

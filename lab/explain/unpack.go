package explain

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
)

// unpacked reads a log that logrotate has compressed by gzip or bzip2. A log in
// another form would look like one that speaks of nothing, so it is refused, with
// what turns it into lines.
func unpacked(in io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(in, longest)
	head, err := b.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	start := string(head)
	switch {
	case strings.HasPrefix(start, "\x1f\x8b"):
		plain, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		return bufio.NewReaderSize(plain, longest), nil
	case strings.HasPrefix(start, "BZh"):
		return bufio.NewReaderSize(bzip2.NewReader(b), longest), nil
	}
	for _, form := range []struct{ start, name, by string }{
		{"\xfd7zXZ\x00", "compressed by xz", "xz -dc"},
		{"\x28\xb5\x2f\xfd", "compressed by zstd", "zstd -dc"},
		{"\xff\xfe", "UTF-16", "iconv -f UTF-16 -t UTF-8"},
		{"\xfe\xff", "UTF-16", "iconv -f UTF-16 -t UTF-8"},
	} {
		if strings.HasPrefix(start, form.start) {
			return nil, fmt.Errorf("it is %s: %s FILE | lab99 explain -", form.name, form.by)
		}
	}
	return b, nil
}

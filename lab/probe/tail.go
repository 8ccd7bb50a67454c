package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Bounds of a Tail. An exhausted nginx worker writes a few thousand lines a
// second, cut at 2,048 bytes.
const (
	pollBytes = 4 << 20  // read in one Poll
	maxLine   = 16 << 10 // a longer line is classified by its beginning
)

// Tail follows a proxy's error log and counts its lines by what they say. The
// file may come to exist later, be truncated, or be replaced. Not for
// concurrent use.
type Tail struct {
	Lines
	path    string
	file    *os.File
	offset  int64
	buf     []byte
	partial []byte // the beginning of a line whose newline is yet to come
}

// NewTail follows the file at path from its beginning, and keeps the first
// excerpt lines of each class as they are.
func NewTail(path string, log Log, excerpt int) *Tail {
	return &Tail{Lines: NewLines(log, excerpt), path: path, buf: make([]byte, 64<<10)}
}

// Poll reads what was written since the last call, at most 4 MiB of it. A file
// that does not exist yet is no error.
func (t *Tail) Poll() error {
	_, err := t.poll()
	return err
}

// Drain polls until it has caught up with the file, or ctx ends. A last line
// without a newline is then taken as it is.
func (t *Tail) Drain(ctx context.Context) error {
	for {
		more, err := t.poll()
		if err != nil {
			return err
		}
		if !more {
			t.flush()
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s to its end: %w", t.path, err)
		}
	}
}

// poll reports whether it stopped at its bound rather than at the end.
func (t *Tail) poll() (more bool, err error) {
	if t.file == nil {
		if err := t.open(); err != nil || t.file == nil {
			return false, err
		}
	}
	// Look before reading: a file replaced after this is noticed next time,
	// and the old one is read to its end first either way.
	replaced, err := t.replaced()
	if err != nil {
		return false, err
	}
	end, err := t.read()
	if err != nil || !end {
		return !end, err
	}
	if replaced {
		t.flush()
		t.file.Close()
		t.file, t.offset = nil, 0
		return true, nil
	}
	return false, nil
}

func (t *Tail) open() error {
	info, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("follow the error log: %w", err)
	}
	if !info.Mode().IsRegular() {
		// The official image links its log to /dev/stderr, and opening
		// that through /proc/PID/root would lead to our own.
		return fmt.Errorf("follow the error log: %s is not a regular file (%v)", t.path, info.Mode())
	}
	if t.file, err = os.Open(t.path); err != nil {
		t.file = nil
		return fmt.Errorf("follow the error log: %w", err)
	}
	t.offset = 0
	return nil
}

// replaced reports whether the path now names another file, and goes back to
// the beginning of one that was truncated. One truncated and refilled beyond
// the old offset between two polls cannot be told from one that grew.
func (t *Tail) replaced() (bool, error) {
	have, err := t.file.Stat()
	if err != nil {
		return false, fmt.Errorf("follow the error log: %w", err)
	}
	if have.Size() < t.offset {
		t.flush()
		t.offset = 0
	}
	now, err := os.Stat(t.path)
	if err != nil {
		return false, nil // moved away, or the process whose root led there ended: the open file remains
	}
	return !os.SameFile(have, now), nil
}

func (t *Tail) read() (end bool, err error) {
	for left := pollBytes; left > 0; {
		n, err := t.file.ReadAt(t.buf, t.offset)
		t.offset += int64(n)
		left -= n
		t.feed(t.buf[:n])
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("read the error log: %w", err)
		}
	}
	return false, nil
}

// feed takes the next bytes of the file, cut anywhere.
func (t *Tail) feed(b []byte) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			t.keep(b)
			return
		}
		if len(t.partial) == 0 && i <= maxLine {
			t.Add(b[:i]) // the common case copies nothing
		} else {
			t.keep(b[:i])
			t.flush()
		}
		b = b[i+1:]
	}
}

func (t *Tail) keep(b []byte) {
	t.partial = append(t.partial, b[:min(len(b), maxLine-len(t.partial))]...)
}

func (t *Tail) flush() {
	if len(t.partial) > 0 {
		t.Add(t.partial)
		t.partial = t.partial[:0]
	}
}

// Close closes the file.
func (t *Tail) Close() error {
	if t.file == nil {
		return nil
	}
	err := t.file.Close()
	t.file = nil
	return err
}

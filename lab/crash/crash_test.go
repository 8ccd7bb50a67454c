package crash

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func index(i int) int { return []int{1}[i] }

func TestCaught(t *testing.T) {
	f := func() (err error) {
		defer Caught(&err)
		err = io.EOF
		index(7)
		return err
	}
	err := f()
	var e *Error
	if !errors.As(err, &e) || !strings.HasPrefix(e.Where, "crash_test.go:") ||
		!strings.Contains(e.Error(), "index out of range") {
		t.Errorf("got %v", err)
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the error before the panic is lost")
	}
	if err := func() (err error) { defer Caught(&err); return io.EOF }(); err != io.EOF {
		t.Errorf("without a panic: %v", err)
	}
}

func TestGo(t *testing.T) {
	told := make(chan error, 1)
	defer Watch(func(err error) { told <- err })()
	Go(func() { index(7) })
	var e *Error
	if err := <-told; !errors.As(err, &e) || !strings.HasPrefix(e.Where, "crash_test.go:") {
		t.Errorf("told of %v", err)
	}
}

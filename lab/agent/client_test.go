package agent

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/crash"
)

// TestPanicOverASampleIsTold: what takes the samples runs in the client's own
// goroutine, where a panic would end the command with Go's exit code, and leave
// its lab behind.
func TestPanicOverASampleIsTold(t *testing.T) {
	told := make(chan error, 1)
	defer crash.Watch(func(err error) { told <- err })()
	c := NewClient("load", strings.NewReader(`{"seq":1}`+"\n"), io.Discard, func(Record) { panic("oh") })
	select {
	case err := <-told:
		if !errors.As(err, new(*crash.Error)) {
			t.Errorf("told of %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nobody is told")
	}
	<-c.Done()
}

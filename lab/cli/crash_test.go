package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/verdict"
)

// TestPanicIsInternal: a command that panics ends with 70, not with Go's 2,
// which means undecided here.
func TestPanicIsInternal(t *testing.T) {
	var talk bytes.Buffer
	term := &terminal{stdin: strings.NewReader(""), stdout: &talk, stderr: &talk}
	root := newRoot(term)
	faulty := &cobra.Command{Use: "faulty", RunE: func(*cobra.Command, []string) error { panic("oh") }}
	finish(term, faulty)
	root.AddCommand(faulty)
	if code := term.execute(root, []string{"faulty"}); code != verdict.ExitInternal {
		t.Errorf("exit code %d", code)
	}
	if want := "lab99 faulty: a fault of lab99 itself: panic at crash_test.go:"; !strings.Contains(talk.String(), want) {
		t.Errorf("it says %q, want %q", talk.String(), want)
	}
}

// TestPanicInGoroutineEndsTheRun: it ends a run as a second Ctrl-C does, but
// with the exit code of an internal error.
func TestPanicInGoroutineEndsTheRun(t *testing.T) {
	said := make(chan string, 1)
	ctx, _, release := interrupts(context.Background(), func(s string) { said <- s })
	defer release()
	crash.Go(func() { panic("oh") })
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the run goes on")
	}
	if s := <-said; !strings.Contains(s, "panic at crash_test.go:") {
		t.Errorf("it says %q", s)
	}
	var e *crash.Error
	if err := context.Cause(ctx); !errors.As(err, &e) || exitCode(err) != verdict.ExitInternal {
		t.Errorf("it ends with %v, exit code %d", err, exitCode(err))
	}
}

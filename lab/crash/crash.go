// Package crash turns a panic, which is a fault of lab99 itself, into an error,
// so that the command takes its lab down, keeps what was measured and ends with
// the exit code of an internal error. Go's own end of a panicking program leaves
// the lab behind, and its exit code, 2, means an undecided run here.
package crash

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
)

// Error is a panic.
type Error struct {
	Value any
	Where string // file:line
}

func (e *Error) Error() string {
	return fmt.Sprintf("a fault of lab99 itself: panic at %s: %v", e.Where, e.Value)
}

// Caught makes an error of a panic in the function that defers it:
//
//	defer crash.Caught(&err)
//
// The stack goes to standard error.
func Caught(err *error) {
	if value := recover(); value != nil {
		*err = errors.Join(*err, noted(value))
	}
}

// watcher is told of a panic in a goroutine of Go.
var watcher atomic.Pointer[func(error)]

// Watch has f told of panics in goroutines, until release.
func Watch(f func(error)) (release func()) {
	watcher.Store(&f)
	return func() { watcher.CompareAndSwap(&f, nil) }
}

// Go runs f in a goroutine. If f panics, the watcher is told.
func Go(f func()) {
	go func() {
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			tell := watcher.Load()
			if tell == nil {
				panic(value)
			}
			(*tell)(noted(value))
		}()
		f()
	}()
}

// noted prints the stack, which the error is too short for.
func noted(value any) *Error {
	os.Stderr.Write(debug.Stack())
	return &Error{Value: value, Where: place()}
}

// place is the line that panicked: the first one outside the runtime, below
// gopanic.
func place() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	panicking := false
	for {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if panicking && !inRuntime {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		panicking = panicking || f.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}

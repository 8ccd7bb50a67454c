package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// An agent at the far end of a network may never see the end of its input: nobody says
// that the command's machine is off, and where nobody has attached yet there is nothing to
// end. So it leaves when it hears nothing for a while (Within), and the command says
// something meanwhile (KeepCompany). It is a lease that takes no right to keep.

// Listener is an input that has an end when it is silent for too long.
type Listener struct {
	*io.PipeReader
	limit  time.Duration
	silent atomic.Bool
}

// Within reads from r until its end, or until nothing has come for limit.
func Within(r io.Reader, limit time.Duration) *Listener {
	in, out := io.Pipe()
	l := &Listener{PipeReader: in, limit: limit}
	t := time.AfterFunc(limit, func() {
		l.silent.Store(true)
		out.Close()
	})
	go func() {
		defer t.Stop()
		buf := make([]byte, 64<<10)
		for {
			n, err := r.Read(buf)
			t.Reset(limit)
			if _, werr := out.Write(buf[:n]); err == nil {
				err = werr
			}
			if err != nil {
				out.CloseWithError(err)
				return
			}
		}
	}()
	return l
}

// Silence is why the input ended, if it was silent.
func (l *Listener) Silence() error {
	if l.silent.Load() {
		return fmt.Errorf("the command has said nothing for %v", l.limit)
	}
	return nil
}

// KeepCompany says something to the agent every so often, until ctx or the stream ends. An
// agent that does not answer within limit is lost.
func (c *Client) KeepCompany(ctx context.Context, every, limit time.Duration, lost func()) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.done:
			return
		case <-t.C:
		}
		wctx, cancel := context.WithTimeout(ctx, limit)
		_, err := c.Call(wctx, Command{Clock: new(Clock)})
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			lost()
			return
		}
	}
}

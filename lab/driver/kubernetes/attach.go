package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
)

// An agent that hears nothing for as long as silence leaves, and with that of the load
// host the cluster takes the lab away; one that answers nothing is given up.
const (
	silence      = 30 * time.Second
	companyEvery = 5 * time.Second
)

// attached is the streams of an agent.
type attached struct {
	cancel     context.CancelCauseFunc
	in         io.WriteCloser
	out        *io.PipeReader
	complaints *driver.Tail
	ended      chan struct{}
	err        error
}

// abnormal is in the error of a stream that was open and had no end of its own (RFC 6455,
// section 7.4.1). client-go does not export its type.
const abnormal = "close 1006"

// attach connects to an agent. It has printed nothing yet: an agent speaks when it is
// spoken to.
func (l *lab) attach(ctx context.Context, pod, container string) *attached {
	stdin, in := io.Pipe()
	out, stdout := io.Pipe()
	s := &attached{in: in, out: out, complaints: new(driver.Tail), ended: make(chan struct{})}
	ctx, s.cancel = context.WithCancelCause(ctx)
	crash.Go(func() {
		defer close(s.ended)
		s.err = l.d.api.attach(ctx, pod, container, stdin, stdout, s.complaints)
		if s.err != nil && strings.Contains(s.err.Error(), abnormal) {
			s.err = fmt.Errorf("it broke off, as it does when the pod's kubelet, its node or the API server ends: %w",
				s.err)
		}
		if cause := context.Cause(ctx); cause != nil {
			s.err = cause
		}
		s.cancel(nil)
		stdout.CloseWithError(s.err) // nil means EOF
		stdin.CloseWithError(errors.New("the agent has ended"))
	})
	return s
}

// client talks to the agent, and keeps it company until ctx or the stream ends.
func (s *attached) client(ctx context.Context, name string, onSample func(agent.Record)) *agent.Client {
	c := agent.NewClient(name, s.out, s.in, onSample)
	crash.Go(func() {
		c.KeepCompany(ctx, companyEvery, silence, func() {
			s.cancel(fmt.Errorf("it answered nothing for %v: the way to its node is cut, or the node is dead", silence))
		})
	})
	return c
}

// because adds to an error why the streams have ended, if they have.
func (s *attached) because(err error) error {
	select {
	case <-s.ended:
	default:
		return err
	}
	if text := s.last(); text != "" {
		err = errors.Join(err, errors.New(text))
	}
	return err
}

// last is what was heard of an agent that has ended.
func (s *attached) last() string {
	text := strings.TrimSpace(s.complaints.String())
	if s.err != nil {
		text = strings.TrimSpace(text + "\nthe stream to it: " + s.err.Error())
	}
	return text
}

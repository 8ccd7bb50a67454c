package loadgen

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// ExchangeError is why the exchange of Debug failed: for the target's reasons,
// not for the configuration's.
type ExchangeError struct{ Err error }

func (e *ExchangeError) Error() string { return e.Err.Error() }
func (e *ExchangeError) Unwrap() error { return e.Err }

// Debug sends one request, the first of the configuration, and writes it and
// the response to out as they were on the wire, with what this package makes
// of the response: for when a run fails and the causes do not say enough. An
// exchange that fails is an [ExchangeError].
func Debug(ctx context.Context, c Config, out io.Writer) error {
	if c.Mode != Closed && c.Profile == nil {
		c.Profile = Constant(1)
	}
	p, err := newPlan(ctx, c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	p.reach(ctx)
	target := p.targets[0]
	nc, err := (&net.Dialer{}).DialContext(ctx, target.network(), target.address())
	if err != nil {
		return &ExchangeError{err}
	}
	defer func() { _ = nc.Close() }()
	if p.tls != nil {
		nc = tls.Client(nc, p.tls)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = nc.SetDeadline(deadline)
	}
	w := bufio.NewWriter(out)
	request := &p.wires[p.pattern[0]]
	from := nc.LocalAddr().String()
	if target.path != "" {
		from = "unix" // a client's end has no name of its own
	}
	fmt.Fprintf(w, "* %s -> %s\n%s\n", from, target, request.bytes)
	began := time.Now()
	if _, err := nc.Write(request.bytes); err != nil {
		return errors.Join(&ExchangeError{fmt.Errorf("sending the request: %w", err)}, w.Flush())
	}
	what, err := readOne(nc, p, request, w)
	fmt.Fprintf(w, "\n* %s, after %v\n", what, time.Since(began).Round(time.Microsecond))
	if err != nil {
		err = &ExchangeError{err}
	}
	return errors.Join(err, w.Flush())
}

// readOne reads one response, copying it, and tells its outcome.
func readOne(from io.Reader, p *plan, request *wire, out io.Writer) (what string, err error) {
	causes := newCauseTable()
	classify := func(status int, class []byte) causeID {
		if p.Classify != nil {
			if name := p.Classify(status, class); name != "" {
				return causes.id(name)
			}
		}
		return statusCause(status)
	}
	pr := &parser{toHEAD: request.toHEAD, classHeader: strings.ToLower(p.ClassifyHeader), classify: classify}
	var r reply
	b := make([]byte, 32<<10)
	for got := false; ; {
		n, readErr := from.Read(b)
		got = got || n > 0
		if _, err := out.Write(b[:n]); err != nil {
			return "", err
		}
		used, bad := r.feed(pr, b[:n])
		switch {
		case bad != "":
			return "bad response: " + named(bad, b[:n]), nil
		case r.stage == complete && used < n && !r.bare:
			return CauseExcess, nil
		case r.stage == complete && r.cause != causeNone:
			return fmt.Sprintf("failed: %s, %d bytes of body", causes.name(r.cause), r.body), nil
		case r.stage == complete && used < n:
			return fmt.Sprintf("ok: status %d, no body, followed by bytes that it must not have", r.status), nil
		case r.stage == complete:
			return fmt.Sprintf("ok: status %d, %d bytes of body", r.status, r.body), nil
		case readErr == io.EOF:
			if cause := r.eof(got); cause != causeNone {
				return "failed: " + causes.name(cause), nil
			}
			return fmt.Sprintf("ok: status %d, %d bytes of body, ended by the close", r.status, r.body), nil
		case readErr != nil:
			return "failed", fmt.Errorf("reading the response: %w", readErr)
		}
	}
}

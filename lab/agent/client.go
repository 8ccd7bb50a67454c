package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/lab99/lab99/lab/crash"
)

// ErrGone says that an agent's stream ended: its container, or its process,
// is no more.
var ErrGone = errors.New("the agent is gone")

// BusyError says that an agent could not do in time what it was told, as its machine
// was too busy.
type BusyError struct{ Err error }

func (e *BusyError) Error() string { return e.Err.Error() }
func (e *BusyError) Unwrap() error { return e.Err }

// Client is the near end of an agent.
type Client struct {
	name     string
	onSample func(Record)
	done     chan struct{}

	sending sync.Mutex // not mu: a write may block while records come in
	w       io.Writer

	mu      sync.Mutex
	lastID  int64
	waiting map[int64]chan Record
	seq     uint64
	fault   error // the first break of the protocol: a gap, a line that does not parse
	ahead   int64 // nanoseconds to take from every moment (PutBack)
}

// NewClient reads records from r and writes commands to w until r ends.
// onSample gets every record that answers no command, in order, from one
// goroutine; it must not block for long, or the agent drops samples.
func NewClient(name string, r io.Reader, w io.Writer, onSample func(Record)) *Client {
	c := &Client{name: name, w: w, onSample: onSample, done: make(chan struct{}), waiting: map[int64]chan Record{}}
	crash.Go(func() { c.read(r) })
	return c
}

// Done is closed when the agent's stream has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Fault returns the first break of the protocol: a gap in the numbers means
// that samples were lost, and what was measured cannot be trusted.
func (c *Client) Fault() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fault
}

// Call sends a command and waits for its answer.
func (c *Client) Call(ctx context.Context, cmd Command) (Record, error) {
	answer, err := c.Start(cmd)
	if err != nil {
		return Record{}, err
	}
	return c.Wait(ctx, answer)
}

// Start sends a command whose answer is to be waited for later.
func (c *Client) Start(cmd Command) (<-chan Record, error) {
	answer := make(chan Record, 1)
	c.mu.Lock()
	c.lastID++
	cmd.ID = c.lastID
	c.waiting[cmd.ID] = answer
	c.mu.Unlock()
	if err := c.send(cmd); err != nil {
		c.mu.Lock()
		delete(c.waiting, cmd.ID)
		c.mu.Unlock()
		return nil, fmt.Errorf("agent on %s: %w", c.name, err)
	}
	return answer, nil
}

func (c *Client) send(cmd Command) error {
	line, err := json.Marshal(cmd)
	if err != nil {
		return err
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	_, err = c.w.Write(append(line, '\n'))
	return err
}

// Wait waits for the answer to a started command.
func (c *Client) Wait(ctx context.Context, answer <-chan Record) (Record, error) {
	select {
	case r := <-answer:
		return c.check(r)
	case <-ctx.Done():
		return Record{}, fmt.Errorf("agent on %s: %w", c.name, context.Cause(ctx))
	case <-c.done:
	}
	select { // an answer may have come just before the end
	case r := <-answer:
		return c.check(r)
	default:
		return Record{}, fmt.Errorf("agent on %s: %w", c.name, ErrGone)
	}
}

func (c *Client) check(r Record) (Record, error) {
	if r.Busy {
		return r, &BusyError{fmt.Errorf("agent on %s: %s", c.name, r.Error)}
	}
	if r.Error != "" {
		return r, fmt.Errorf("agent on %s: %s", c.name, r.Error)
	}
	return r, nil
}

// read has no line length limit: an attached stream cuts long lines into
// pieces, and a histogram is a long line.
func (c *Client) read(r io.Reader) {
	defer close(c.done)
	br := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := br.ReadBytes('\n')
		if err != nil {
			return
		}
		var rec Record
		if err := json.Unmarshal(line, &rec); err != nil {
			c.broke(fmt.Errorf("agent on %s: %q is not a record: %w", c.name, truncate(line, 200), err))
			continue
		}
		c.take(rec)
	}
}

func (c *Client) take(rec Record) {
	c.mu.Lock()
	switch want := c.seq + 1; {
	case c.fault != nil:
	case rec.Seq > want:
		c.fault = fmt.Errorf("agent on %s: record %d came after %d: %d records were lost",
			c.name, rec.Seq, c.seq, rec.Seq-want)
	case rec.Seq < want:
		c.fault = fmt.Errorf("agent on %s: record %d came after %d", c.name, rec.Seq, c.seq)
	case rec.Re == 0 && rec.Error != "":
		c.fault = fmt.Errorf("agent on %s: %s", c.name, rec.Error)
	}
	c.seq = rec.Seq
	c.putBack(&rec)
	answer := c.waiting[rec.Re]
	delete(c.waiting, rec.Re)
	c.mu.Unlock()
	switch {
	case answer != nil:
		answer <- rec
	case c.onSample != nil:
		c.onSample(rec)
	}
}

func (c *Client) broke(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault == nil {
		c.fault = err
	}
}

func truncate(b []byte, n int) []byte {
	if len(b) > n {
		return b[:n]
	}
	return b
}

package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/lab/probe"
)

// queueLen is how many samples may wait for a slow reader: at some 40 records
// a second it is well over a minute.
const queueLen = 4096

// leaveWithin bounds how long the agent outlives its input.
const leaveWithin = 200 * time.Millisecond

// Serve is the agent: it obeys commands from r until r ends, and writes
// records to w. The end of r means that the command is gone; everything that
// still runs is cut short.
//
// network is the run's. It is fixed here and not in the commands, so that none
// of them can turn the agent on anything but loopback and the run's own hosts;
// the zero Prefix leaves it loopback.
func Serve(ctx context.Context, r io.Reader, w io.Writer, network netip.Prefix) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{queue: make(chan []byte, queueLen), network: network}
	written := make(chan error, 1)
	go func() { written <- s.write(w) }()

	var jobs sync.WaitGroup
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			break
		}
		var c Command
		if err := json.Unmarshal(line, &c); err != nil {
			s.answer(Record{Error: fmt.Sprintf("%q is not a command: %v", truncate(line, 200), err)})
			continue
		}
		if c.Stop != nil {
			s.stop(*c.Stop)
			s.answer(Record{Re: c.ID})
			continue
		}
		// Here, not in the job: a Stop may be the very next line.
		jctx := ctx
		switch {
		case c.Load != nil || c.Observe != nil:
			jctx = stoppable(ctx, &s.stopping)
		case c.Bystander != nil:
			jctx = stoppable(ctx, &s.bystander)
		}
		jobs.Go(func() { s.obey(jctx, c) })
	}
	cancel()
	return s.leave(&jobs, written)
}

// leave ends the agent. Whoever ended the input is gone, and with the tether
// the whole lab is to go at once: a load that still drains is not waited for.
func (s *server) leave(jobs *sync.WaitGroup, written <-chan error) error {
	done := make(chan struct{})
	go func() { jobs.Wait(); close(done) }()
	select {
	case <-done:
		close(s.queue)
		return <-written
	case <-time.After(leaveWithin):
		return nil
	}
}

type server struct {
	mu        sync.Mutex // orders numbers and queue alike
	seq       uint64
	queue     chan []byte
	stopping  atomic.Pointer[context.CancelFunc] // of the load or the observation
	bystander atomic.Pointer[context.CancelFunc]
	network   netip.Prefix
}

// obey runs one command and answers it.
func (s *server) obey(ctx context.Context, c Command) {
	var rec Record
	var err error
	switch {
	case c.Ready != nil:
		if err = permit(s.network, append(c.Ready.Backends, c.Ready.Proxy)...); err == nil {
			err = c.Ready.wait(ctx)
		}
	case c.Addr != nil:
		err = c.Addr.add()
	case c.Inspect != nil:
		rec.NetNS = probe.NetNS()
		rec.Env, err = c.Inspect.read()
	case c.Observe != nil:
		rec.Observed, err = c.Observe.run(ctx, s.sample)
	case c.Load != nil:
		rec.LoadDone, err = c.Load.run(ctx, s.network, s.sample)
	case c.Listen != nil:
		rec.Listening, err = c.Listen.listen(ctx)
	case c.Socket != nil:
		err = c.Socket.serve(ctx)
	case c.Bystander != nil:
		err = c.Bystander.run(ctx, s.sample)
	default:
		err = fmt.Errorf("command %d asks for nothing this agent knows: the agent and the command are of different versions", c.ID)
	}
	if err != nil {
		rec.Error = err.Error()
	}
	rec.Re = c.ID
	s.answer(rec)
}

// stoppable derives the context that Stop cancels. An agent runs one load or
// one observation at a time, and one bystander.
func stoppable(ctx context.Context, by *atomic.Pointer[context.CancelFunc]) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	by.Store(&cancel)
	return ctx
}

func (s *server) stop(what Stop) {
	cancel := s.stopping.Load()
	if what.Bystander {
		cancel = s.bystander.Load()
	}
	if cancel != nil {
		(*cancel)()
	}
}

// sample queues a record, or loses it and leaves the gap that tells. The one
// that fixes t = 0 is as indispensable as an answer.
func (s *server) sample(rec Record) {
	if rec.Started != nil {
		s.answer(rec)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.queue <- s.encode(rec):
	default:
	}
}

// answer queues a record and waits for room if it must.
func (s *server) answer(rec Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue <- s.encode(rec)
}

func (s *server) encode(rec Record) []byte {
	s.seq++
	rec.Seq = s.seq
	if rec.Mono == 0 {
		rec.Mono = clock.Mono()
	}
	line, err := json.Marshal(rec)
	if err != nil { // a NaN in a sample: say so instead of leaving a gap
		line, _ = json.Marshal(Record{Seq: rec.Seq, Mono: rec.Mono, Re: rec.Re, Error: err.Error()})
	}
	return append(line, '\n')
}

// write goes on emptying the queue after an error, or the agent would hang.
func (s *server) write(w io.Writer) error {
	var first error
	for line := range s.queue {
		if first == nil {
			_, first = w.Write(line)
		}
	}
	return first
}

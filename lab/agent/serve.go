package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/loadgen"
)

// queueLen is how many records may wait for a slow reader before samples are
// dropped: at some 40 records a second it is well over a minute.
const queueLen = 4096

// leaveWithin bounds how long the agent outlives its input.
const leaveWithin = 200 * time.Millisecond

// Serve is the agent: it obeys commands from r until r ends, and writes
// records to w. The end of r means that the command is gone; everything that
// still runs is cut short.
//
// networks are the run's. They are fixed here and not in the commands, so that no
// command can turn the agent on anything but loopback and the run's own hosts. Without
// networks only loopback is left.
func Serve(ctx context.Context, r io.Reader, w io.Writer, networks ...netip.Prefix) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newServer(queueLen)
	s.networks = networks
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

// leave ends the agent. The command at the other end is gone, and the lab must
// go at once: leave does not wait for a load that still drains.
func (s *server) leave(jobs *sync.WaitGroup, written <-chan error) error {
	done := make(chan struct{})
	go func() { jobs.Wait(); close(done) }()
	select {
	case <-done:
		s.close()
		return <-written
	case <-time.After(leaveWithin):
		return nil
	}
}

type server struct {
	mu      sync.Mutex // orders numbers and queue alike
	seq     uint64
	queue   [][]byte
	room    int        // of the queue, for samples
	changed *sync.Cond // the queue, or closed
	closed  bool

	stopping  atomic.Pointer[context.CancelCauseFunc] // of the load or the observation
	bystander atomic.Pointer[context.CancelCauseFunc]
	networks  []netip.Prefix
}

func newServer(room int) *server {
	s := &server{room: room}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// obey runs one command and answers it.
func (s *server) obey(ctx context.Context, c Command) {
	var rec Record
	var err error
	switch {
	case c.Reach != nil:
		if err = permit(s.networks, c.Reach.Hosts...); err == nil {
			err = c.Reach.try(ctx)
		}
	case c.Ready != nil:
		if err = permit(s.networks, c.Ready.hosts()...); err == nil {
			err = c.Ready.wait(ctx)
		}
	case c.Addr != nil:
		err = c.Addr.add()
	case c.Clock != nil:
		rec.Clock = clock.Mono()
	case c.Overlay != nil:
		err = c.Overlay.make()
	case c.Files != nil:
		err = c.Files.write()
	case c.Around != nil:
		rec.Place = c.Around.look(ctx)
	case c.Way != nil:
		rec.There, err = c.Way.try(ctx)
	case c.Peers != nil:
		rec.Peers, err = c.Peers.list()
	case c.Inspect != nil:
		rec.NetNS = probe.NetNS()
		rec.Env, err = c.Inspect.read()
	case c.Observe != nil:
		rec.Observed, err = c.Observe.run(ctx, s.sample)
	case c.Load != nil:
		rec.LoadDone, err = c.Load.run(ctx, s.networks, s.sample)
	case c.Listen != nil:
		rec.Listening, err = c.Listen.listen(ctx)
	case c.Socket != nil:
		err = c.Socket.serve(ctx)
	case c.Bystander != nil:
		err = c.Bystander.run(ctx, s.sample)
	default:
		err = fmt.Errorf("this agent does not know command %d: the agent and the command are of different versions",
			c.ID)
	}
	if err != nil {
		rec.Error, rec.Busy = err.Error(), errors.As(err, new(*loadgen.LateStartError))
	}
	rec.Re = c.ID
	s.answer(rec)
}

// stoppable derives the context that Stop cancels. An agent runs one load or
// one observation at a time, and one bystander.
func stoppable(ctx context.Context, by *atomic.Pointer[context.CancelCauseFunc]) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	by.Store(&cancel)
	return ctx
}

func (s *server) stop(what Stop) {
	cancel := s.stopping.Load()
	if what.Bystander {
		cancel = s.bystander.Load()
	}
	if cancel != nil {
		(*cancel)(met(what.Because))
	}
}

// sample queues a record. If the queue is full the record is lost, and the gap
// in the numbers counts it. The sample that fixes t = 0 is never lost.
func (s *server) sample(rec Record) { s.put(rec, rec.Started != nil) }

// answer queues a record whether there is room or not: answers are few.
func (s *server) answer(rec Record) { s.put(rec, true) }

// put never waits: whoever samples must not be held up by a slow reader.
func (s *server) put(rec Record, always bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	if !always && len(s.queue) >= s.room {
		return
	}
	rec.Seq = s.seq
	s.queue = append(s.queue, encode(rec))
	s.changed.Signal()
}

func encode(rec Record) []byte {
	if rec.Mono == 0 {
		rec.Mono = clock.Mono()
	}
	line, err := json.Marshal(rec)
	if err != nil { // a NaN in a sample: say so instead of leaving a gap
		line, _ = json.Marshal(Record{Seq: rec.Seq, Mono: rec.Mono, Re: rec.Re, Error: err.Error()})
	}
	return append(line, '\n')
}

// write empties the queue into w until close, and goes on after an error: the
// agent must still obey commands. It returns the first error.
func (s *server) write(w io.Writer) (first error) {
	for {
		lines, closed := s.take()
		for _, line := range lines {
			if first == nil {
				_, first = w.Write(line)
			}
		}
		if closed {
			return first
		}
	}
}

// take waits for records. After close it returns the last of them.
func (s *server) take() (lines [][]byte, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) == 0 && !s.closed {
		s.changed.Wait()
	}
	lines, s.queue = s.queue, nil
	return lines, s.closed
}

// close ends write once the queue is empty.
func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.changed.Signal()
}

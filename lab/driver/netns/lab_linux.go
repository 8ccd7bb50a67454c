package netns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

// lab is a running child and what it holds.
type lab struct {
	topo    driver.Topology
	cmd     *exec.Cmd // nil if it never started
	stderr  driver.Tail
	agents  map[string]*agent.Client
	printed map[string]*output // by host, a server's; and by "agent on "+host
	names   map[string]string  // of the servers, for people, by host
	lacking []string           // of the sysctls that were to be looked for
	near    []*os.File         // our ends
	exited  chan *driver.ServerError
	found   *ability.Found // what the kernel can do, if that was wanted
	once    sync.Once
	downErr error

	mu      sync.Mutex
	control *os.File
	closing bool
	lastID  int64
	waiting map[int64]chan event
}

var _ driver.Lab = (*lab)(nil)

func newLab(control *os.File) *lab {
	return &lab{
		control: control, agents: map[string]*agent.Client{}, printed: map[string]*output{}, names: map[string]string{},
		exited: make(chan *driver.ServerError, 6), waiting: map[int64]chan event{},
	}
}

// output keeps the last of what a process prints.
type output struct {
	driver.Tail
	ended chan struct{}
}

func keep(r io.Reader) *output {
	o := &output{ended: make(chan struct{})}
	go func() { defer close(o.ended); io.Copy(&o.Tail, r) }()
	return o
}

// last waits for what a process that ended has printed; its own children may
// hold the stream open.
func (o *output) last() string {
	select {
	case <-o.ended:
	case <-time.After(100 * time.Millisecond):
	}
	return strings.TrimSpace(o.String())
}

// attach makes the streams of a host and returns the child's ends.
func (l *lab) attach(h host, onRecord func(string, agent.Record)) (theirs []*os.File, err error) {
	pipe := func(childReads bool) *os.File {
		if err != nil {
			return nil
		}
		var r, w *os.File
		if r, w, err = os.Pipe(); err != nil {
			return nil
		}
		if childReads {
			r, w = w, r
		}
		l.near, theirs = append(l.near, r), append(theirs, w)
		return r
	}
	in, out, complaints := pipe(true), pipe(false), pipe(false)
	var printed *os.File
	if h.Server != nil {
		printed = pipe(false)
	}
	if err != nil {
		return theirs, err
	}
	l.agents[h.Name] = agent.NewClient(h.Name, out, in, func(r agent.Record) { onRecord(h.Name, r) })
	l.printed[agentOn(h.Name)] = keep(complaints)
	if printed != nil {
		l.names[h.Name] = h.Server.Name
		l.printed[h.Name] = keep(printed)
	}
	return theirs, nil
}

func agentOn(host string) string { return "agent on " + host }

func (l *lab) Topology() driver.Topology          { return l.topo }
func (l *lab) Agent(host string) *agent.Client    { return l.agents[host] }
func (l *lab) Exited() <-chan *driver.ServerError { return l.exited }

// Printed is the end of what a server has written to its standard streams.
func (l *lab) Printed(host string) string {
	if o := l.printed[host]; o != nil {
		return o.String()
	}
	return ""
}

// Exec runs a program in a server's root, from a thread in its namespaces.
func (l *lab) Exec(ctx context.Context, host string, argv ...string) (string, error) {
	answer := make(chan event, 1)
	l.mu.Lock()
	l.lastID++
	id := l.lastID
	l.waiting[id] = answer
	err := json.NewEncoder(l.control).Encode(order{ID: id, Host: host, Argv: argv})
	l.mu.Unlock()
	if err != nil {
		return "", fmt.Errorf("run %s on %s: %w", argv[0], host, err)
	}
	select {
	case e, ok := <-answer:
		switch {
		case !ok:
			return "", fmt.Errorf("run %s on %s: the lab is gone", argv[0], host)
		case e.Status != "":
			return e.Output, fmt.Errorf("%s on %s: %s: %s",
				strings.Join(argv, " "), host, e.Status, strings.TrimSpace(e.Output))
		}
		return e.Output, nil
	case <-ctx.Done():
		return "", fmt.Errorf("run %s on %s: %w", argv[0], host, context.Cause(ctx))
	}
}

func (l *lab) answer(e event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.waiting[e.Re]; c != nil {
		c <- e
		delete(l.waiting, e.Re)
	}
}

// report tells of a server or agent that ended before Down was called.
func (l *lab) report(host string, isAgent bool) {
	name := host
	if isAgent {
		name = agentOn(host)
	}
	e := &driver.ServerError{Host: host, Name: l.names[host], Agent: isAgent, Output: l.printed[name].last()}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closing {
		l.exited <- e
	}
}

// gone tells of a child that ended before Down was called, with all there was.
func (l *lab) gone() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, c := range l.waiting {
		close(c)
		delete(l.waiting, id)
	}
	if !l.closing && len(l.agents) > 0 {
		l.exited <- &driver.ServerError{
			Host:   results.HostLoad,
			Agent:  true,
			Output: strings.TrimSpace(l.stderr.String()),
		}
	}
}

// lastWords is what the child complained of, if anything.
func (l *lab) lastWords() error {
	if s := strings.TrimSpace(l.stderr.String()); s != "" {
		return errors.New(s)
	}
	return nil
}

// Down kills the child. The kernel kills the rest of its PID namespace before
// the child counts as dead, and with the last process go the namespaces, their
// interfaces and their mounts.
func (l *lab) Down(ctx context.Context) error {
	l.once.Do(func() { l.downErr = l.down(ctx) })
	return l.downErr
}

func (l *lab) down(ctx context.Context) error {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	if l.cmd != nil {
		l.cmd.Process.Kill() // an error where it has ended by itself
		dead := make(chan struct{})
		go func() { l.cmd.Wait(); close(dead) }()
		select {
		case <-dead:
		case <-ctx.Done():
			return fmt.Errorf("wait for the init of the lab to end: %w", context.Cause(ctx))
		}
	}
	// No record is taken from here on: the caller may close its files.
	for _, a := range l.agents {
		if l.cmd == nil {
			break // nobody holds the other ends yet, or ever
		}
		select {
		case <-a.Done():
		case <-ctx.Done():
		}
	}
	for _, f := range append(l.near, l.control) {
		f.Close()
	}
	return nil
}

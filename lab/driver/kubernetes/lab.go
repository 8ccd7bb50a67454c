package kubernetes

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

// lab is a running set of pods.
type lab struct {
	d      *Driver
	b      *builder
	exited chan *driver.ServerError
	life   context.Context // of streams and of the watch: until Down
	end    context.CancelFunc

	mu      sync.Mutex
	changed *sync.Cond
	pods    map[string]*corev1.Pod // by host, as they were last seen
	gone    map[string]bool
	refused map[string]error     // of a host that gets no pod
	full    map[string]time.Time // of a host whose pod waits for room: since when
	in      map[string]member    // by host of the lab
	agents  map[string]*agent.Client
	inputs  []io.Closer
	job     string
	nat     string // on the way to the backend (results.Place)
	closing bool
	once    sync.Once
	downErr error
}

// member is a host of the lab: the pod that it is in, and its server.
type member struct {
	pod  string       // the host that the pod is named after
	name string       // of the server, for people; "" for none
	tail *driver.Tail // what it prints
}

// mostEnds is how many servers and agents can end: those of load, proxy and 64 backends.
const mostEnds = 2 * 66

func newLab(d *Driver, b *builder) *lab {
	l := &lab{
		d:       d,
		b:       b,
		exited:  make(chan *driver.ServerError, mostEnds),
		pods:    map[string]*corev1.Pod{},
		gone:    map[string]bool{},
		refused: map[string]error{},
		full:    map[string]time.Time{},
		in:      map[string]member{},
		agents:  map[string]*agent.Client{},
		nat:     results.NoNAT,
	}
	l.changed = sync.NewCond(&l.mu)
	l.life, l.end = context.WithCancel(context.Background())
	return l
}

func (l *lab) Topology() driver.Topology          { return l.b.topo }
func (l *lab) Exited() <-chan *driver.ServerError { return l.exited }

func (l *lab) Agent(host string) *agent.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.agents[host]
}

func (l *lab) allAgents() map[string]*agent.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.agents)
}

func (l *lab) member(host string) member {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.in[host]
}

func (l *lab) has(host, pod, server string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.in[host] = member{pod: pod, name: server, tail: new(driver.Tail)}
}

func (l *lab) madeJob(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.job = name
}

// hosts are those of the lab's agents.
func (l *lab) hosts() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.in))
}

// podHosts are the hosts that a pod is named after.
func (l *lab) podHosts() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.in {
		all = append(all, m.pod)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (l *lab) Printed(host string) string {
	if m := l.member(host); m.tail != nil {
		return m.tail.String()
	}
	return ""
}

func (l *lab) Exec(ctx context.Context, host string, argv ...string) (string, error) {
	m := l.member(host)
	if m.name == "" {
		return "", fmt.Errorf("run %s: %s has no server", argv[0], host)
	}
	out := new(locked)
	if err := l.d.api.exec(ctx, l.podName(m.pod), serverOf+host, argv, out); err != nil {
		return out.String(), fmt.Errorf("%s on %s: %w: %s",
			strings.Join(argv, " "), host, err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

// locked takes what two streams write.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// podName is the name of a host's pod. The Job names its own.
func (l *lab) podName(host string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.pods[host]; p != nil {
		return p.Name
	}
	return l.b.name(host)
}

// watch keeps the pods up to date until Down.
func (l *lab) watch(ctx context.Context) error {
	w, err := l.list(ctx)
	if err != nil {
		return err
	}
	crash.Go(func() {
		for {
			for e := range w.ResultChan() {
				if p, ok := e.Object.(*corev1.Pod); ok {
					l.see(p, e.Type == watch.Deleted)
				}
			}
			w.Stop()
			for w = nil; w == nil; { // the API server ends a watch after some minutes
				select {
				case <-l.life.Done():
					return
				case <-time.After(200 * time.Millisecond):
				}
				w, _ = l.list(l.life)
			}
		}
	})
	return nil
}

// list brings the pods up to date, and begins a watch of what becomes of them. One that
// was there and is not has gone while nobody watched.
func (l *lab) list(ctx context.Context) (watch.Interface, error) {
	selector := labelLab + "=" + l.b.lab
	now, err := l.d.api.pods(ctx, selector)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	gone := maps.Clone(l.pods)
	l.mu.Unlock()
	for _, p := range now.Items {
		delete(gone, p.Labels[labelHost])
		l.see(&p, false)
	}
	for _, p := range gone {
		l.see(p, true)
	}
	return l.d.api.watchPods(l.life, selector, now)
}

func (l *lab) see(p *corev1.Pod, deleted bool) {
	host := p.Labels[labelHost]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pods[host] = p
	l.gone[host] = deleted
	switch _, waits := l.full[host]; {
	case noRoom(p) == nil:
		delete(l.full, host)
	case !waits:
		l.full[host] = time.Now()
		time.AfterFunc(roomWithin, l.wake)
	}
	l.changed.Broadcast()
}

// wake has everybody who waits look again.
func (l *lab) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed.Broadcast()
}

// wakeAtEnd wakes who waits for a change when ctx ends.
func (l *lab) wakeAtEnd(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, l.wake)
}

// waitFor waits until a pod is as wanted. A pod that cannot come to it is an error.
func (l *lab) waitFor(ctx context.Context, host string, is func(*corev1.Pod) bool) (*corev1.Pod, error) {
	defer l.wakeAtEnd(ctx)()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if err := l.refused[host]; err != nil {
			return nil, err
		}
		if p := l.pods[host]; p != nil {
			if is(p) {
				return p, nil
			}
			if err := l.hopeless(host, p); err != nil {
				return nil, err
			}
		}
		if ctx.Err() != nil {
			return nil, unfit(ctx, "start the pod of host "+host, waitingFor(l.pods[host]))
		}
		l.changed.Wait()
	}
}

// join connects to a host's agent, and follows its server, once they run.
func (l *lab) join(ctx context.Context, host string) error {
	m := l.member(host)
	if m.name != "" {
		_, err := l.waitFor(ctx, m.pod, func(p *corev1.Pod) bool {
			return started(p.Status.ContainerStatuses, serverOf+host)
		})
		if err != nil {
			return err
		}
		crash.Go(func() { l.followServer(host, m) })
	}
	if _, err := l.waitFor(ctx, m.pod, func(p *corev1.Pod) bool {
		return running(p.Status.ContainerStatuses, agentOf+host)
	}); err != nil {
		return err
	}
	s := l.attach(l.life, l.podName(m.pod), agentOf+host)
	c := s.client(l.life, host, func(r agent.Record) { l.b.spec.OnRecord(host, r) })
	l.mu.Lock()
	l.agents[host] = c
	l.inputs = append(l.inputs, s.in)
	l.mu.Unlock()
	crash.Go(func() {
		<-s.ended
		l.ended(&driver.ServerError{Host: host, Agent: true, Output: s.last()})
	})
	return nil
}

// followServer keeps what a server prints, and reports its end.
func (l *lab) followServer(host string, m member) {
	pod := l.podName(m.pod)
	for {
		err := l.d.api.follow(l.life, pod, serverOf+host, m.tail)
		if l.life.Err() != nil {
			return
		}
		l.mu.Lock()
		p := l.pods[m.pod]
		over := p == nil || terminated(p.Status.ContainerStatuses, serverOf+host) || l.gone[m.pod]
		l.mu.Unlock()
		if over || apierrors.IsNotFound(err) {
			l.ended(&driver.ServerError{Host: host, Name: m.name, Output: strings.TrimSpace(m.tail.String())})
			return
		}
		select {
		case <-l.life.Done():
			return
		case <-time.After(100 * time.Millisecond): // the status comes a moment after the stream's end
		}
	}
}

func (l *lab) ended(e *driver.ServerError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Host = roleOf(e.Host); !l.closing {
		l.exited <- e
	}
}

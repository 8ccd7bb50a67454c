package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// lab is a running set of containers.
type lab struct {
	d       *Driver
	topo    driver.Topology
	network string   // ID
	janitor *janitor // nil: the engine needs none
	exited  chan *driver.ServerError

	mu      sync.Mutex
	members []*member
	agents  map[string]*agent.Client
	closing bool
	once    sync.Once
	downErr error
}

// member is one container of a lab.
type member struct {
	role   string
	host   string
	name   string // of a server, for people
	id     string
	stream *stream
}

func (l *lab) Topology() driver.Topology          { return l.topo }
func (l *lab) Exited() <-chan *driver.ServerError { return l.exited }

func (l *lab) Agent(host string) *agent.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.agents[host]
}

// server returns the proxy or the backend.
func (l *lab) server(host string) *member {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.members {
		if m.host == host && (m.role == roleProxy || m.role == roleBackend) {
			return m
		}
	}
	return nil
}

func (l *lab) Printed(host string) string {
	m := l.server(host)
	if m == nil || m.stream == nil {
		return ""
	}
	return m.stream.tail.String()
}

func (l *lab) Exec(ctx context.Context, host string, argv ...string) (string, error) {
	m := l.server(host)
	if m == nil {
		return "", fmt.Errorf("run %s: %s has no server", argv[0], host)
	}
	cli := l.d.cli
	ex, err := cli.ExecCreate(ctx, m.id, client.ExecCreateOptions{Cmd: argv, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return "", fmt.Errorf("run %s on %s: %w", argv[0], host, err)
	}
	at, err := cli.ExecAttach(ctx, ex.ID, client.ExecAttachOptions{})
	if err != nil {
		err = reasoned(ctx, cli, "/exec/"+ex.ID+"/start", "{}", err)
		return "", fmt.Errorf("run %s on %s: %w", argv[0], host, err)
	}
	defer at.Close()
	stop := context.AfterFunc(ctx, at.Close) // the stream knows nothing of contexts
	defer stop()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, at.Reader); err != nil && !errors.Is(err, io.EOF) {
		return out.String(), fmt.Errorf("run %s on %s: %w", argv[0], host, err)
	}
	st, err := cli.ExecInspect(ctx, ex.ID, client.ExecInspectOptions{})
	if err != nil {
		return out.String(), fmt.Errorf("run %s on %s: %w", argv[0], host, err)
	}
	if st.ExitCode != 0 {
		return out.String(), fmt.Errorf("%s on %s: exit status %d: %s", strings.Join(argv, " "), host, st.ExitCode,
			strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

// watch reports a container that ends before Down was called. When the tether
// goes the kernel kills the others, and it is the tether's end that explains
// theirs: so they wait a moment for it.
func (l *lab) watch(m *member) {
	<-m.stream.ended
	if m.role != roleTether {
		select {
		case <-l.tether().stream.ended:
			return
		case <-time.After(tetherFirst):
		}
	}
	l.mu.Lock()
	closing := l.closing
	l.mu.Unlock()
	if !closing {
		l.exited <- &driver.ServerError{
			Host: m.host, Name: m.name, Agent: m.role == roleTether || m.role == roleProbe,
			Output: strings.TrimSpace(m.stream.tail.String()),
		}
	}
}

const tetherFirst = 100 * time.Millisecond

// tether is the first container of every lab.
func (l *lab) tether() *member {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.members[0]
}

// Down closes the tether's standard input. The agent leaves, the kernel kills
// what shares its PID namespace, and the engine removes the containers; the
// removals that follow are for engines that do not, and for half-made labs.
func (l *lab) Down(ctx context.Context) error {
	l.once.Do(func() { l.downErr = l.down(ctx) })
	return l.downErr
}

func (l *lab) down(ctx context.Context) error {
	l.mu.Lock()
	l.closing = true
	members := l.members
	l.mu.Unlock()
	for _, m := range members {
		if m.stream != nil {
			m.stream.close()
		}
	}
	errs := []error{l.d.removeContainers(ctx, members)}
	if l.network != "" {
		errs = append(errs, l.d.removeNetwork(ctx, l.network))
	}
	err := errors.Join(errs...)
	if err == nil {
		l.janitor.dismiss()
	}
	// No record is taken from here on: the caller may close its files.
	for _, a := range l.allAgents() {
		select {
		case <-a.Done():
		case <-ctx.Done():
		}
	}
	return err
}

func (l *lab) allAgents() []*agent.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.agents))
}

// hostOf says on which host of the lab a container of a role sits.
func hostOf(role string) string {
	switch role {
	case roleProxy:
		return results.HostProxy
	case roleBackend:
		return results.HostBackend
	}
	return results.HostLoad
}

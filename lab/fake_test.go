package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/results"
)

// fakeDriver brings up labs without a kernel: agents that answer at once, and
// servers that say what they are asked to be.
type fakeDriver struct {
	absent image.Role // no image of it can be had
	// on is called with every command before it is answered. A nil answer
	// leaves the usual one, an empty one none.
	on     func(l *fakeLab, host string, c agent.Command) []agent.Record
	panics string              // in this phase
	lacks  string              // sysctl of which it knows before labs are up
	unset  string              // and one of which it learns from a lab
	dead   *driver.ServerError // has ended before the lab is up
	clocks bool                // its hosts have clocks of their own
	images error               // why it has no images

	mu   sync.Mutex
	labs []*fakeLab
}

func (d *fakeDriver) Name() string { return "fake" }

func (d *fakeDriver) Machine() driver.Machine {
	return driver.Machine{CPUs: 2, Kernel: "6.18.5", Clocks: d.clocks}
}

func (d *fakeDriver) Describe() string { return "without a kernel" }

func (d *fakeDriver) Sweep(context.Context, driver.Reach) (driver.Swept, error) {
	return driver.Swept{}, nil
}

func (d *fakeDriver) Lacking(_ context.Context, sysctls []string) ([]string, error) {
	return slices.DeleteFunc(slices.Clone(sysctls), func(s string) bool { return s != d.lacks }), nil
}

func (d *fakeDriver) Find(context.Context, image.Role, string) (image.Image, error) {
	return image.Image{}, nil
}

func (d *fakeDriver) Prepare(
	_ context.Context, role image.Role, ref string, _ image.Mode, _ func(string),
) (image.Image, error) {
	if d.absent == role {
		return image.Image{}, fmt.Errorf("prepare: %w", &image.UnavailableError{
			Role:     role,
			Ref:      ref,
			Pull:     errors.New("no registry"),
			Assemble: errors.New("no package"),
		})
	}
	if d.images != nil {
		return image.Image{}, d.images
	}
	return image.Image{Requested: ref, Used: ref, Program: string(role), Version: "1.30.1"}, nil
}

func (d *fakeDriver) Up(_ context.Context, spec driver.Spec) (driver.Lab, error) {
	l := &fakeLab{d: d, spec: spec, topo: driver.Arrange(spec.Subnets[0], spec.Layout)}
	l.exited = make(chan *driver.ServerError, 3)
	if d.dead != nil {
		l.exited <- d.dead
	}
	proxy, _, err := spec.Configure(l.topo)
	if err != nil {
		return nil, err
	}
	l.proxy = proxy
	if _, asked := proxy.Sysctls[d.unset]; asked {
		why := &driver.LackingError{Sysctl: d.unset, Err: errors.New("no such file or directory")}
		return nil, &driver.UnfitError{What: "the lab cannot be brought up", Err: why}
	}
	l.agents = map[string]*fakeAgent{}
	for _, host := range []string{results.HostLoad, results.HostProxy, results.HostBackend} {
		l.agents[host] = newFakeAgent(l, host)
	}
	d.mu.Lock()
	d.labs = append(d.labs, l)
	d.mu.Unlock()
	return l, nil
}

// downs is how often each of the driver's labs was taken down.
func (d *fakeDriver) downs() (n []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.labs {
		l.mu.Lock()
		n = append(n, l.downs)
		l.mu.Unlock()
	}
	return n
}

type fakeLab struct {
	d      *fakeDriver
	spec   driver.Spec
	topo   driver.Topology
	proxy  driver.Server
	agents map[string]*fakeAgent
	exited chan *driver.ServerError

	mu    sync.Mutex
	downs int
}

func (l *fakeLab) Topology() driver.Topology          { l.panicIn("up"); return l.topo }
func (l *fakeLab) Agent(host string) *agent.Client    { return l.agents[host].client }
func (l *fakeLab) Printed(string) string              { l.panicIn("load"); return "" }
func (l *fakeLab) Exited() <-chan *driver.ServerError { return l.exited }

func (l *fakeLab) panicIn(phase string) {
	if l.d.panics == phase {
		panic("out of order")
	}
}

func (l *fakeLab) Exec(_ context.Context, host string, argv ...string) (string, error) {
	switch {
	case slices.Contains(argv, "-T"):
		return string(l.proxy.Files[0].Data), nil
	case host == results.HostProxy:
		return "nginx version: nginx/1.30.1\n", nil
	}
	return "Server version: Apache/2.4.62 (Unix)\nServer MPM:     event\n", nil
}

func (l *fakeLab) Down(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.downs++
	for _, a := range l.agents {
		a.leave()
	}
	return nil
}

// sysctls are what the proxy's host reads back: what was asked.
func (l *fakeLab) sysctls() map[string]string { return l.proxy.Sysctls }

// fakeAgent answers the commands of one host.
type fakeAgent struct {
	host   string
	lab    *fakeLab
	client *agent.Client
	out    *io.PipeWriter
	in     *io.PipeReader
	seq    uint64
	open   []agent.Command // an observation or a load that waits for its Stop
}

func newFakeAgent(l *fakeLab, host string) *fakeAgent {
	fromAgent, out := io.Pipe()
	in, toAgent := io.Pipe()
	a := &fakeAgent{host: host, lab: l, out: out, in: in}
	a.client = agent.NewClient(host, fromAgent, toAgent, func(r agent.Record) { l.spec.OnRecord(host, r) })
	go a.serve()
	return a
}

func (a *fakeAgent) leave() { a.in.Close(); a.out.Close() }

func (a *fakeAgent) serve() {
	lines := bufio.NewScanner(a.in)
	for lines.Scan() {
		var c agent.Command
		if json.Unmarshal(lines.Bytes(), &c) != nil {
			return
		}
		var answers []agent.Record
		if a.lab.d.on != nil {
			answers = a.lab.d.on(a.lab, a.host, c)
		}
		if answers == nil {
			answers = a.answer(c)
		}
		for _, r := range answers {
			a.seq++
			r.Seq = a.seq
			b, err := json.Marshal(r)
			if err != nil {
				panic(err)
			}
			if _, err := a.out.Write(append(b, '\n')); err != nil {
				return
			}
		}
	}
}

// answer is what a healthy host says. A load is over as soon as it has begun.
func (a *fakeAgent) answer(c agent.Command) []agent.Record {
	done := agent.Record{Re: c.ID}
	switch {
	case c.Inspect != nil:
		done.Env = &results.HostEnv{NoFile: 8192, UsablePorts: 500, Sysctls: a.lab.sysctls()}
	case c.Load != nil:
		return []agent.Record{started, loadDone(c, 10)}
	case c.Observe != nil:
		a.open = append(a.open, c)
		return []agent.Record{}
	case c.Stop != nil:
		all := []agent.Record{done}
		for _, o := range a.open {
			all = append(all, agent.Record{
				Re:       o.ID,
				Observed: &agent.Observed{Net: results.Net{Counters: map[string]int64{"active_opens": 4}}},
			})
		}
		a.open = nil
		return all
	}
	return []agent.Record{done}
}

var started = agent.Record{Mono: 1e9, Started: &agent.Started{StartNs: 1e9}}

// loadDone is the end of a load without a failure.
func loadDone(c agent.Command, seconds int64) agent.Record {
	us := hdr.New(1, 1e6, 3)
	none, err := us.Encode(hdr.V2CompressedEncodingCookieBase)
	if err == nil {
		err = us.RecordValues(300, 2000)
	}
	if err != nil {
		panic(err)
	}
	h, err := us.Encode(hdr.V2CompressedEncodingCookieBase)
	if err != nil {
		panic(err)
	}
	d := &agent.LoadDone{Latency: h, LatencyOK: h, LatencyFailed: none, Service: h}
	d.StartNs, d.EndNs = 1e9, 1e9+seconds*1e9
	d.Scheduled, d.Sent, d.OK = 2000, 2000, 2000
	return agent.Record{Re: c.ID, LoadDone: d}
}

// fakeProgress collects what is said.
type fakeProgress struct {
	mu   sync.Mutex
	said []string
}

func (p *fakeProgress) Say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, line)
}

func (p *fakeProgress) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.said, "\n")
}

func (p *fakeProgress) Begin(string, results.VariantPlan) VariantProgress { return p }
func (p *fakeProgress) Phase(string)                                      {}
func (p *fakeProgress) Sample(results.Sample)                             {}
func (p *fakeProgress) End(results.Variant)                               {}

// fakeOptions runs a scenario's first variants with a fake driver.
func fakeOptions(t *testing.T, d *fakeDriver, variants int) (Options, *fakeProgress) {
	t.Helper()
	r := resolve(t, "quick")
	r.Variants = r.Variants[:variants]
	p := new(fakeProgress)
	return Options{Scenario: r, Driver: d, Subnets: subnets, Out: t.TempDir(), Progress: p, Stop: make(chan struct{})}, p
}

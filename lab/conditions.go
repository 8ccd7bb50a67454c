package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/results"
)

// readBackTimeout bounds what takes some tens of milliseconds.
const readBackTimeout = 30 * time.Second

// conditions are what a variant runs under, read back from inside its hosts.
type conditions struct {
	env          results.VariantEnv
	plan         results.VariantPlan // with what only the proxy's release decides
	setup        law.Setup           // for the ports there are; it has no Baseline
	usable       int64               // of these
	netns        string              // the proxy's network namespace, as probe.NetNS has it
	conntrackMax int64               // of the proxy's namespace; 0: no such table, or not read
	reasons      []string            // why error 99 may not come as it should
	faults       []string            // what did not take: a run under other settings than its plan's shows nothing
}

// conditions reads them.
func (x *variantRun) conditions(ctx context.Context, h *hosts) (*conditions, error) {
	ctx, cancel := context.WithTimeout(ctx, readBackTimeout)
	defer cancel()
	var front, behind proxy.Self
	var load, px, backend agent.Record
	var all errgroup.Group
	ask := func(into *proxy.Self, host string, k proxy.Kind, c proxy.Config) {
		run := func(args ...string) (string, error) {
			return h.Exec(ctx, host, append(slices.Clip(c.Command), args...)...)
		}
		all.Go(func() (err error) { *into, err = proxy.ReadBack(k, x.v, c, run); return err })
	}
	inspect := func(into *agent.Record, host string) {
		cmd := new(agent.Inspect)
		if host == results.HostProxy || host == results.HostBackend {
			cmd.Server = x.serverNames(host)
		}
		if host == results.HostProxy {
			cmd.Sysctls = slices.Sorted(maps.Keys(x.plan.Sysctls))
		}
		all.Go(func() (err error) {
			if *into, err = h.Agent(host).Call(ctx, agent.Command{Inspect: cmd}); err != nil {
				return err
			}
			if l, ok := h.Lab.(driver.Placed); ok {
				into.Env.Place, err = l.Place(ctx, host)
			}
			return err
		})
	}
	ask(&front, results.HostProxy, proxy.Of(x.v), h.conf.proxy)
	if k := proxy.BackendOf(x.v); k != nil {
		ask(&behind, results.HostBackend, k, h.conf.backend)
	}
	inspect(&load, results.HostLoad)
	inspect(&px, results.HostProxy)
	inspect(&backend, results.HostBackend)
	sharing := driver.LoadHosts(x.v.Load.Pods)[1:]
	more := make([]agent.Record, len(sharing))
	for i, host := range sharing {
		inspect(&more[i], host)
	}
	if err := all.Wait(); err != nil {
		return nil, fmt.Errorf("read back the lab of %s: %w", x.v.Name, err)
	}
	px.Env.Build, px.Env.Version = front.Build, front.Version
	backend.Env.Build, backend.Env.Version, backend.Env.MPM = behind.Build, behind.Version, behind.MPM
	c := &conditions{
		env: results.VariantEnv{Name: x.v.Name, Hosts: map[string]results.HostEnv{
			results.HostLoad: *load.Env, results.HostProxy: *px.Env, results.HostBackend: *backend.Env,
		}},
		plan: x.plan, setup: x.setup(*px.Env), usable: int64(px.Env.UsablePorts), netns: px.NetNS,
		faults: slices.Concat(x.notAsAsked(*px.Env), front.Faults, behind.Faults),
	}
	for i, host := range sharing {
		c.env.Hosts[host] = *more[i].Env
	}
	c.conntrackMax, _ = strconv.ParseInt(px.Env.Sysctls["net.netfilter.nf_conntrack_max"], 10, 64)
	c.plan.Race, c.plan.Keepalive = c.setup.Race, c.setup.Keepalive
	c.reasons = x.reasons(*px.Env, px.NetNS)
	return c, nil
}

// notAsAsked compares what was read back with what was asked for.
func (x *variantRun) notAsAsked(px results.HostEnv) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, key := range slices.Sorted(maps.Keys(x.plan.Sysctls)) {
		want := x.plan.Sysctls[key]
		got, ok := px.Sysctls[key]
		if is, same := likeDefault(x.v, key, want); same && got == is {
			continue
		}
		switch {
		case !ok:
			fault("%s was to be %q in the proxy's namespace and cannot be read there", key, want)
		case got != strings.Join(strings.Fields(want), " "):
			fault("%s was to be %q in the proxy's namespace and is %q", key, want, got)
		}
	}
	if need := uint64(2*x.plan.Connections + 64); px.NoFile < need {
		fault("%s may open %d files and needs %d for %d connections: raise the nofile limit of the engine, "+
			"or without one the user's (ulimit -Hn)",
			proxy.Of(x.v).Name(), px.NoFile, need, x.plan.Connections)
	}
	return append(faults, x.fullTables(px)...)
}

// fullTables looks for kernel tables that are full before the ports are, and
// would change the subject: TIME_WAIT beyond tcp_max_tw_buckets is dropped,
// which hides the exhaustion, and a full conntrack table drops packets.
func (x *variantRun) fullTables(px results.HostEnv) (faults []string) {
	s := x.setup(px)
	s.MaxTwBuckets = 0 // what would come if there were no limit
	for _, table := range []struct {
		key     string
		coming  float64
		instead string
	}{
		{"net.ipv4.tcp_max_tw_buckets", s.PeakTimeWait(),
			"the kernel would drop TIME_WAIT instead of running out of ports"},
		{"net.netfilter.nf_conntrack_max", s.Tracked(), "packets would be dropped instead"},
	} {
		if _, asked := x.plan.Sysctls[table.key]; asked {
			continue // the scenario is about it
		}
		limit, err := strconv.ParseFloat(px.Sysctls[table.key], 64)
		if err == nil && limit > 0 && limit < table.coming {
			faults = append(faults, fmt.Sprintf(
				"%s is %.0f, and %.0f connections are to come: %s; raise it or take a smaller size",
				table.key, limit, table.coming, table.instead))
		}
	}
	return faults
}

// setup is what the laws are told of the variant once its proxy is read back.
func (x *variantRun) setup(px results.HostEnv) law.Setup {
	s := setup(proxy.WithDefaults(x.v, px.Version), px.UsablePorts, x.o.Driver.Machine().CPUs, px.Sysctls, nil)
	if f := foundOf(px, x.o.found); f != nil {
		s = f.Apply(s)
	}
	return s
}

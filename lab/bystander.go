package lab

import (
	"context"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/results"
)

// bystanderEvery is the pause between tries of a kind. Each to the backend
// holds one of nginx's tuples for less than a millisecond: of several hundred,
// ten times a second, too little to move a figure.
const bystanderEvery = sampleEvery

// bystander starts another program on the proxy's host, if the variant has
// one, and returns what ends it. Its other destination is the load host: the
// backend's host may be the proxy's own.
func (x *variantRun) bystander(ctx context.Context, h *hosts) (end func() error, err error) {
	if !x.v.Bystander {
		return func() error { return nil }, nil
	}
	topo := h.Topology()
	r, err := h.call(ctx, results.HostLoad, agent.Command{Listen: &agent.Listen{Addr: topo.Load}})
	if err != nil {
		return nil, err
	}
	proxy := h.Agent(results.HostProxy)
	answer, err := proxy.Start(agent.Command{Bystander: &agent.Bystander{
		Backend: topo.Backends[0], Elsewhere: *r.Listening,
		IntervalMs: bystanderEvery.Milliseconds(), DurationS: x.bound().Seconds(),
		StartInMs: startIn.Milliseconds(), // with the load: the observers count from before that
	}})
	if err != nil {
		return nil, err
	}
	return func() error {
		if _, err := proxy.Start(agent.Command{Stop: &agent.Stop{Bystander: true}}); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, readyTimeout)
		defer cancel()
		_, err := proxy.Wait(ctx, answer)
		return err
	}, nil
}

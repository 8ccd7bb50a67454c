package lab

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// Plan turns a resolved scenario into what will be run, with predictions. It
// starts nothing.
//
// cpus is how many the machine of the lab has, for what its workers can do.
func Plan(r *scenarios.Resolved, driver string, cpus int, note string) (*results.Plan, error) {
	p := &results.Plan{
		Scenario: r.Name,
		Source:   r.Hash,
		Title:    r.Title,
		Kind:     r.Kind,
		Size:     r.Size,
		Set:      r.Set,
		Driver:   driver,
		Note:     note,
	}
	setups, predicted := predictions(r, cpus)
	for i, v := range r.Variants {
		if _, err := profileOf(v); err != nil {
			return nil, &scenarios.Error{File: r.Name, Msg: fmt.Sprintf("load.profile of %s: %v", v.Name, err)}
		}
		p.Variants = append(p.Variants, planVariant(v, setups[i], predicted[i]))
	}
	return p, p.Seal()
}

// Foretell makes the predictions of a plan for what a kernel can do. Its hash is without
// them, and stays. What a plan asks for, such as when a load ends, stays as well: two
// runs of it on two kernels are comparable.
func Foretell(p *results.Plan, kernel ability.Found) {
	var baseline *law.Prediction
	for i := range p.Variants {
		v := &p.Variants[i]
		s := kernel.Apply(*v.Setup)
		if i > 0 {
			s.Baseline = baseline
		}
		v.Setup, v.Predicted = &s, law.Predict(s)
		if i == 0 {
			baseline = baselineOf(s, v.Predicted)
		}
	}
}

func planVariant(v scenarios.Variant, s law.Setup, predicted law.Prediction) results.VariantPlan {
	vp := results.VariantPlan{
		Name:        v.Name,
		Title:       v.Title,
		Change:      v.Change(),
		ProxyImage:  v.Proxy.Image,
		BackendKind: v.Backend.Kind,
		BackendImg:  v.Backend.Image,
		PortLow:     v.Ports.Low,
		PortHigh:    v.Ports.High,
		RatePerS:    s.RatePerS,
		DurationS:   v.Duration.Seconds(),
		Connections: v.AtOnce(),
		TimeoutS:    v.Load.Timeout.Seconds(),
		Addresses:   addresses(v.Backend),
		Ports:       v.Backend.Ports,
		Sources:     v.Proxy.Addresses,
		DelayS:      v.Backend.Delay.Seconds(),
		BurstS:      s.Burst.Seconds(),
		Profile:     v.Profile(),
		Method:      v.Load.Method,
		Random:      s.Poisson,
		SteadyS:     steady(v).Seconds(),
		Peers:       s.Ejection.Peers,
		MaxFails:    s.Ejection.MaxFails,
		FailS:       s.Ejection.FailTimeout.Seconds(),
		OneTry:      s.Ejection.NoRetry,
		Race:        s.Race,
		Retries:     s.Ejection.Retries(),
		Claims:      v.Expect.Measured,
		Keepalive:   v.Proxy.Keepalive,
		Workers:     v.Proxy.Workers,
		Settings:    v.Settings(),
		Sysctls:     sysctls(v),
		Expect:      v.Expect.Verdict,
		Predicted:   predicted,
		Setup:       &s,
	}
	if stop := v.Load.StopAfterError99; stop != nil {
		after := stop.Seconds()
		if first := predicted.FirstError99S; first != nil { // when one of random sources is full, the others are not
			after += 2 * law.EarlyBySplit(s.Sources, s.PerDestination()) * *first
		}
		vp.StopAfterS = &after
	}
	if k := proxy.Of(v); proxy.Title(k) != results.Nginx {
		vp.Proxy = proxy.Title(k)
		if c, err := k.Configure(v, proxy.Example(v)); err == nil { // it was checked with the scenario
			vp.ProxyFile = c.File
		}
	}
	if k := proxy.BackendOf(v); k != nil && k.Name() != scenarios.BackendHttpd {
		vp.Backend = proxy.Title(k)
		if c, err := k.Configure(v, proxy.Example(v)); err == nil {
			vp.BackendFile = c.File
		}
	}
	if v.OwnConfig() {
		vp.OwnConfig = v.Proxy.Config
		if own := withDefaults(v).Own; own != nil {
			vp.Answer, vp.Cached, vp.Hidden = own.Answer, own.Cached, own.Hidden
		}
	}
	return vp
}

// addresses are those that the proxy connects to.
func addresses(b scenarios.Backend) int {
	if b.Service == scenarios.ServiceClusterIP {
		return 1
	}
	return b.Addresses
}

const portRange = "net.ipv4.ip_local_port_range"

// sysctls are those of the proxy's namespace.
func sysctls(v scenarios.Variant) map[string]string {
	m := map[string]string{}
	maps.Copy(m, v.Proxy.Sysctls)
	if !v.Ports.Default {
		m[portRange] = strconv.Itoa(v.Ports.Low) + " " + strconv.Itoa(v.Ports.High)
	}
	return m
}

// likeDefault says whether a sysctl that a variant asks for has the effect of another
// value, that of a new namespace. tcp_tw_reuse is 2 there: 0, except on loopback (ip-sysctl).
func likeDefault(v scenarios.Variant, key, want string) (is string, same bool) {
	apart := v.Backend.Place != scenarios.PlaceProxy && !Layout(v).Loopback
	return "2", key == "net.ipv4.tcp_tw_reuse" && want == "0" && apart
}

// Layout is what a variant asks of a driver.
func Layout(v scenarios.Variant) driver.Layout {
	services := map[string]driver.Service{
		scenarios.ServiceClusterIP: driver.ClusterIP,
		scenarios.ServiceHeadless:  driver.Headless,
	}
	place := v.Backend.Place
	loopback := place == scenarios.PlaceLoopback || place == scenarios.PlaceBoth
	return driver.Layout{
		Passes:  proxy.Passes(v),
		Service: services[v.Backend.Service], Loads: v.Load.Pods,
		Addresses: v.Backend.Addresses, Ports: v.Backend.Ports, Sources: v.Proxy.Addresses,
		Shared:   place == scenarios.PlaceProxy || loopback,
		Loopback: loopback,
	}
}

package lab

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Understand works out what configurations of the user's own do, by the releases
// that would run them.
func Understand(r *scenarios.Resolved, release func(scenarios.Variant) string) *scenarios.Resolved {
	c := *r
	c.Variants = slices.Clone(r.Variants)
	if r.AsWritten != nil {
		c.AsWritten = Understand(r.AsWritten, release)
	}
	for i, v := range c.Variants {
		if v.OwnConfig() {
			c.Variants[i] = proxy.WithDefaults(v, release(v))
		}
	}
	return &c
}

// leastShare is the f down to which a race is followed. Paced loads come to 0.3
// and more on a machine that is not busy (law.MostRaceShare).
const leastShare = 0.2

// untilSettled is how long the load of a race must last for its f to decide
// whether error 99 comes; 0 where there is none, or --set gives the duration. A
// table that has not filled after T never will.
func untilSettled(v scenarios.Variant) time.Duration {
	s := setup(v, usable(v), manyCPUs, nil, nil)
	p := law.Predict(s)
	if !s.Race || v.DurationSet || p.FirstError99S == nil {
		return 0
	}
	at := min(p.Latest99()/leastShare, s.HoldTime().Seconds())
	return min(time.Duration(math.Ceil(at+1))*time.Second, scenarios.MaxDuration)
}

// mostAddresses is how many addresses a proxy or a backend may have, as
// proxy.addresses and backend.addresses.
const mostAddresses = 64

// fewRoutes is how many routes of a file a note names.
const fewRoutes = 6

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("; and %d more (`lab99 lint` has them all)", n)
}

// adopt makes the lab fit a configuration of the user's own: a backend behind a
// Unix-domain socket stays one, each of several servers has an address of its own,
// and the proxy has as many source addresses as proxy_bind names. Its verdict is the one
// that the laws give for the file, if --set does not say otherwise. The notes say what the
// file does with the load.
func adopt(v scenarios.Variant) (scenarios.Variant, []string) {
	v = withDefaults(v)
	own := v.Own
	say := func(format string, args ...any) string {
		from := proxy.Title(proxy.Of(v)) + "'s error log"
		if !proxy.Silent(v) {
			from = "its error pages"
		}
		return fmt.Sprintf("%s is a configuration of your own: causes of failure are taken from %s; ",
			v.Proxy.Config, from) +
			fmt.Sprintf(format, args...)
	}
	if !v.Expect.Set {
		v.Expect.Verdict, v.Expect.Measured = law.Predicted, nil
	}
	var wrong []string
	if own != nil {
		wrong = own.Wrong
	}
	switch {
	case own == nil:
		return v, []string{say("what it does to connections is not known, " +
			"and predictions assume f = 1 until f is measured")}
	case !own.Passed:
		return v, append(wrong, say("%s", own.Answer))
	case own.Unknown != "":
		return v, append(wrong, say("%s. What that does to connections cannot be told (%s), "+
			"and predictions assume f = 1 until f is measured", own.Answer, own.Unknown))
	}
	if own.Unix && v.Backend.Place == scenarios.PlaceOwn {
		v.Backend.Place, v.Backend.Kind = scenarios.PlaceUnix, scenarios.BackendAgent
		v.Backend.Addresses, v.Backend.Ports = 1, 1
		v = proxy.WithDefaults(v, own.Release)
		own = v.Own
	}
	if n := min(own.Servers, mostAddresses); n > v.Backend.Addresses && v.Backend.Ports == 1 &&
		v.Backend.Place == scenarios.PlaceOwn && v.Backend.Service != scenarios.ServiceClusterIP {
		v.Backend.Addresses = n
		v = proxy.WithDefaults(v, own.Release)
		own = v.Own
	}
	if own.Secure && !v.Backend.Secure() && v.Backend.Place != scenarios.PlaceUnix {
		v.Backend.TLS = scenarios.TLSUnclean
		v = proxy.WithDefaults(v, own.Release)
		own = v.Own
	}
	if n := min(own.Binds, mostAddresses); n > v.Proxy.Addresses {
		v.Proxy.Addresses = n
		v = proxy.WithDefaults(v, own.Release)
		own = v.Own
	}
	notes := append(wrong, say("%s", own.Answer))
	add := func(text string) {
		if text != "" {
			notes = append(notes, text)
		}
	}
	if own.Unix {
		add("the backend is a Unix-domain socket, which takes no port, and error 99 cannot come: " +
			"the lab serves one as well")
	}
	if own.Secure {
		add("the backend speaks TLS, in the lab as well, with a certificate made for the run: " +
			"who closes first is a race with Apache")
	}
	if n := own.Binds; n > mostAddresses {
		add(fmt.Sprintf("the file names %d source addresses, and they share the lab's %d", n, v.Proxy.Addresses))
	}
	add(own.Pool)
	if n := len(own.Routes); n > 1 {
		add("the file passes on: " + strings.Join(own.Routes[:min(n, fewRoutes)], "; ") + more(n-fewRoutes))
	}
	add(own.Cached)
	add(own.Limited)
	add(own.Hidden)
	if d := untilSettled(v); d > v.Duration {
		v.Duration = d
		add(fmt.Sprintf("%s: its load may last %v, because who closes first is a race: "+
			"by then error 99 has come if %s closes at least %g %% of the connections first",
			v.Name, d, proxy.Title(proxy.Of(v)), 100*leastShare))
	}
	if own.Loopback && v.Backend.Place == scenarios.PlaceOwn {
		add("in your file the backend is on the proxy's own host, where tcp_tw_reuse=2, the default, " +
			"gives ports back after a second: --set backend.place=loopback has it there, " +
			"the lab has it on another host")
	}
	return v, notes
}

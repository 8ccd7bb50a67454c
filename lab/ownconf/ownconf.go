package ownconf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// Case is what the laws can say of a route.
type Case string

// The cases.
const (
	TakesPorts Case = "takes-ports" // every connection takes a port: the laws apply
	NoPorts    Case = "no-ports"    // Unix-domain sockets only: error 99 cannot come
	NoPeer     Case = "no-peer"     // all peers are down: nginx makes no connection
	NoLaw      Case = "no-law"      // UDP, which has no TIME_WAIT
)

// Told is what a route tells the laws.
type Told struct {
	Route   *nginxconf.Route
	Case    Case
	Setup   law.Setup // not completed
	Heavy   string    // the destination whose ports end first; "" where all get the same
	Facts   []Fact    // what decides, with its lines, for people
	Unknown []Unknown // what decides too
}

// Fact is a property of the route in words.
type Fact struct{ Name, Text string }

// Unknown is something that no file tells, and what is taken for granted. Flag
// is the flag of predict that tells it, or "".
type Unknown struct{ Text, Flag string }

// Of is what a route tells. base has what no configuration does: ports, rate,
// requests under way, workers (0: unknown), sysctls. What the route decides on is
// overwritten.
func Of(r *nginxconf.Route, base law.Setup) Told {
	t := Told{Route: r, Case: TakesPorts, Setup: base}
	switch {
	case !r.Ports():
		t.Case = NoPorts
	case r.Protocol == nginxconf.UDP:
		t.Case = NoLaw
	case r.ClosesFirst == nginxconf.ClosedByNobody:
		t.Case = NoPeer
	}
	s := &t.Setup
	s.Churn, s.Keepalive, s.RequestsPerConn = 0, 0, 0
	s.Race, s.Loopback = false, false
	if r.Share > 0 && r.Share < 1 {
		s.RatePerS *= r.Share
		s.InFlight *= r.Share
		t.fact("share", "%s of the requests, by %s; the figures are about those",
			format.Percent(r.Share), t.by(r.TargetBy))
	}
	t.fact("protocol", "%s", t.protocol())
	t.destinations()
	if t.Case == TakesPorts {
		t.sources()
		t.pool()
		t.closer()
		t.failures()
		t.besides()
	}
	return t
}

func (t *Told) fact(name, text string, args ...any) {
	t.Facts = append(t.Facts, Fact{name, fmt.Sprintf(text, args...)})
}

func (t *Told) unknown(flag, text string, args ...any) {
	t.Unknown = append(t.Unknown, Unknown{fmt.Sprintf(text, args...), flag})
}

// At is where a directive stands: its line, with the file where that is another
// one than the pass's.
func (t *Told) At(d *nginxconf.Directive) string {
	if d.Tree == t.Route.Pass.Tree {
		return fmt.Sprintf("line %d", d.Line)
	}
	return d.Pos()
}

// by is what decides on a value.
func (t *Told) by(d *nginxconf.Directive) string {
	if d == nil {
		return "a variable"
	}
	return fmt.Sprintf("%s (%s)", d.Source(), t.At(d))
}

func (t *Told) protocol() string {
	r := t.Route
	switch {
	case http(r):
		header := "no Connection header"
		if r.Header.Value != "" {
			header = "Connection: " + r.Header.Value
		}
		return fmt.Sprintf("%s, HTTP/%s, %s", r.Protocol, r.HTTPVersion, header)
	case r.Protocol == nginxconf.TCP:
		return "tcp: a session is a connection, so the rate is that of sessions"
	}
	return string(r.Protocol)
}

func http(r *nginxconf.Route) bool {
	return r.Protocol == nginxconf.HTTP || r.Protocol == nginxconf.HTTPS
}

// destinations sets D, and the share of the heaviest.
func (t *Told) destinations() {
	var ports []nginxconf.Share
	total, heaviest := 0.0, 0.0
	var names, sockets []string
	for _, d := range t.Route.Shares() {
		if d.Unix {
			sockets = append(sockets, d.Destination)
			continue
		}
		ports = append(ports, d)
		names = append(names, d.Destination)
		total += d.Share
		if d.Share > heaviest {
			heaviest, t.Heavy = d.Share, d.Destination
		}
	}
	s := &t.Setup
	s.Destinations, s.HeaviestShare = max(1, len(ports)), 0
	even := heaviest*float64(len(ports)) <= total*(1+1e-9)
	switch {
	case t.Case == NoPorts:
		t.fact("destinations", "%s: no ports", format.List(sockets))
		if spare := t.Spare(); spare != "" {
			t.fact("backup", "%s, over TCP, gets the requests when %s fails, and takes ports then",
				spare, format.List(sockets))
		}
		return
	case t.Case == NoPeer:
		t.fact("destinations", "none: every server is down")
		return
	case len(ports) == 0:
		t.fact("destinations", "unknown")
		why := t.Route.Unknown
		if why == "" {
			why = "no server of it gets requests while none has failed"
		}
		t.unknown("destinations", "where the requests go: %s; they count as going to one address and port", why)
		return
	case even:
		t.Heavy = ""
		t.fact("destinations", "%s", list(names))
	default:
		s.HeaviestShare = heaviest / total
		t.fact("destinations", "%s; %s gets %s of the requests, so its ports end first",
			list(names), t.Heavy, format.Percent(heaviest))
	}
	if len(sockets) > 0 {
		s.RatePerS *= total
		s.InFlight *= total
		t.fact("sockets", "%s takes %s of the requests and no port; the rest is what the figures are about",
			format.List(sockets), format.Percent(1-total))
	}
	t.kinds(ports)
}

// Spare are the backups, over TCP, of servers that take no ports; "" for none.
func (t *Told) Spare() string {
	if t.Case != NoPorts || t.Route == nil || t.Route.Upstream == nil {
		return ""
	}
	var names []string
	for _, p := range t.Route.Upstream.Spare() {
		if !p.Unix {
			names = append(names, p.Destination())
		}
	}
	return list(names)
}

// list is a list of names that ends before it gets long.
func list(names []string) string {
	const few = 4
	if len(names) > few+1 {
		return fmt.Sprintf("%s and %d others", strings.Join(names[:few], ", "), len(names)-few)
	}
	return format.List(names)
}

// kinds looks at what sort of addresses the destinations are.
func (t *Told) kinds(ports []nginxconf.Share) {
	named, loop := 0, 0
	var name string
	for _, d := range ports {
		if strings.HasPrefix(d.Destination, "[") {
			t.unknown("", "whether IPv6 is on where nginx runs: where it is not, connect() to %s fails with error "+
				"99 while no port is taken", d.Destination)
		}
		if d.Loopback {
			loop++
		} else if d.Named {
			named++
			name = d.Destination
		}
	}
	switch {
	case named == 1:
		t.unknown("destinations", "how many addresses %s has: a name counts as one, and each address has a "+
			"full set of ports", name)
	case named > 1:
		t.unknown("destinations", "how many addresses the names have: each counts as one, and each address has "+
			"a full set of ports")
	}
	switch {
	case t.Setup.NAT || loop == 0:
	case loop == len(ports):
		t.Setup.Loopback = true
		t.fact(Loopback, "Linux takes a port in TIME_WAIT again after a second there")
		t.unknown("", ReuseOfHost+": 2, the default since Linux 4.19; with 0 a port on loopback stays "+
			"taken for a minute as well")
	default:
		t.unknown("", "the mixture of loopback and other destinations: on loopback Linux takes a port in "+
			"TIME_WAIT again after a second, and here that counts for none")
	}
}

// How what depends on the kernel's default of tcp_tw_reuse is named: a fact, and the
// beginning of what is not known.
const (
	Loopback    = "loopback"
	ReuseOfHost = "tcp_tw_reuse of the host"
)

// sources sets S, and makes the share one of source and destination.
func (t *Told) sources() {
	b, s := t.Route.Bind, &t.Setup
	if s.NAT {
		s.HeaviestShare /= float64(max(1, s.Sources))
		t.fact("sources", "%s of the NAT, whatever nginx connects from", format.Plural(max(1, s.Sources), "address"))
		return
	}
	s.Sources = b.Sources()
	if b.Directive == nil {
		t.fact("sources", "1, which the kernel chooses")
		return
	}
	text := fmt.Sprintf("%d, %s (%s)", s.Sources, b.Directive.Source(), t.At(b.Directive))
	heaviest := 0.0
	if len(b.Shares) > 0 {
		heaviest = slices.Max(b.Shares)
	}
	if heaviest*float64(s.Sources) > 1.001 {
		text += fmt.Sprintf("; one gets %s of the requests", format.Percent(heaviest))
		share := s.HeaviestShare
		if share == 0 {
			share = 1 / float64(s.Destinations)
		}
		s.HeaviestShare = share * heaviest
	} else if s.HeaviestShare > 0 {
		s.HeaviestShare /= float64(s.Sources)
	}
	t.fact("sources", "%s", text)
	switch {
	case !b.Known && b.Transparent:
		t.unknown("sources", "how many source addresses there are: each client is one, and has a full set of ports; "+
			"they count as one")
	case !b.Known:
		t.unknown("sources", "how many source addresses %s comes to: they count as %d", b.Directive.Arg(1), s.Sources)
	default:
		t.unknown("", "whether the host has the source %s: where it does not, bind() fails with error 99 whatever "+
			"ports are free", format.List(named(b.Addresses)))
	}
	if b.Ports {
		t.unknown("", "which ports %s leaves free: it names them itself, and counts as if the kernel chose",
			b.Directive.Arg(1))
	}
}

// named are the addresses that are named: "" is the kernel's choice.
func named(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(a string) bool { return a == "" })
}

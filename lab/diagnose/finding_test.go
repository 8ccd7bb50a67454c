package diagnose

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/scenarios/finding"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// inNginx has an nginx there whose configuration names an address.
func inNginx(source bool) func(string, func(*Namespace)) func(*Namespace) {
	return func(address string, change func(*Namespace)) func(*Namespace) {
		return func(n *Namespace) {
			n.Addresses = []netip.Addr{addr("10.0.0.5")}
			for _, name := range []string{nonlocalBind, nonlocalBind6, noIPv6, noIPv6OnLoopback} {
				n.Sysctls[name] = "0"
			}
			n.Configured = []Configured{{
				Program: "nginx",
				PID:     7,
				Report:  &lint.Report{},
				Ends:    []End{{File: "/etc/nginx/nginx.conf", Line: 3, Address: addr(address), Source: source}},
			}}
			change(n)
		}
	}
}

var from, to = inNginx(true), inNginx(false)

// TestAddressesThatAreThere: of these nothing is said.
func TestAddressesThatAreThere(t *testing.T) {
	for name, change := range map[string]func(*Namespace){
		"its own":          from("10.0.0.5", func(*Namespace) {}),
		"of loopback":      from("127.0.0.9", func(*Namespace) {}),
		"any may be bound": from("10.0.0.7", func(n *Namespace) { n.Sysctls[nonlocalBind] = "1" }),
		"of a local route": from("10.0.0.7", func(n *Namespace) { n.AnyIP = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")} }),
		"not known":        from("10.0.0.7", func(n *Namespace) { n.Addresses, n.Sysctls = nil, nil }),
		"IPv6 is on":       to("fd00::9", func(n *Namespace) { n.Addresses = append(n.Addresses, addr("fd00::1")) }),
		"IPv4":             to("10.0.0.9", func(n *Namespace) { n.Sysctls[noIPv6] = "1" }),
		"loopback has it":  to("::1", func(n *Namespace) { n.Sysctls[noIPv6] = "1" }),
	} {
		n := ofTwenty("a", 1)
		change(&n)
		if r := conclude(t, n); len(r.Findings) != 0 {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
}

func TestFindingsOfANamespace(t *testing.T) {
	busy := func(change func(n *Namespace)) Namespace {
		n := ofTwenty("container web", 2, group("10.0.0.5", "10.0.0.9:8080", 0, every(4, 5)))
		n.Sysctls["net.ipv4.tcp_fin_timeout"] = "30"
		change(&n)
		return n
	}
	host := ofTwenty("host", 1)
	host.Host, host.Sysctls["net.ipv4.tcp_fin_timeout"] = true, "30"
	for _, c := range []struct {
		id, says string
		change   func(n *Namespace)
	}{
		{"bound-ports", "2 ports of the range 40000-40021 are taken by somebody who bound them (40003 and 40007)",
			func(n *Namespace) {
				n.Ports = &probe.Ports{Low: 40000, High: 40021, Bound: []uint16{40003, 40007}, Usable: 20}
			}},
		{"reserved-ports", "180 of 200 ports of the range are reserved: 20 are left", func(n *Namespace) {
			n.Ports = &probe.Ports{Low: 40000, High: 40199, Reserved: 180, Usable: 20}
		}},
		{"sysctl-not-inherited", `net.ipv4.tcp_fin_timeout is "60", and "30" on the host`,
			func(n *Namespace) { n.Sysctls["net.ipv4.tcp_fin_timeout"] = "60" }},
		{"conntrack-fuller", "60.0 % full (600 of 1,000), fuller than the ports (25.0 %)", func(n *Namespace) {
			n.Counters = probe.Counters{"conntrack_entries": 600, "conntrack_max": 1000}
		}},
		{"conntrack-dropped", "has dropped 3 packets and 4 of its entries, as its table was full, and refused 5,",
			func(n *Namespace) {
				n.Counters = probe.Counters{
					"conntrack_drop":          3,
					"conntrack_early_drop":    4,
					"conntrack_insert_failed": 5,
				}
			}},
		{"unanswered", "6 of 7 live connections wait for an answer to their SYN, while ports are free (7 of 20 are taken)",
			func(n *Namespace) {
				n.Outgoing = []Group{{
					Local:  endOf("10.0.0.5"),
					Remote: endOf("10.0.0.9:8080"),
					States: map[string]int{"syn-sent": 6, "established": 1},
				}}
			}},
		{
			"tw-overflow",
			"17 TIME_WAITs were dropped",
			func(n *Namespace) { n.Counters = probe.Counters{"time_wait_overflow": 17} },
		},
		{"reuse-without-timestamps", "does nothing", func(n *Namespace) {
			n.Sysctls["net.ipv4.tcp_tw_reuse"], n.Sysctls["net.ipv4.tcp_timestamps"] = "1", "0"
		}},
		{"range-unknown", "150 ports are taken (150 TIME_WAIT)", func(n *Namespace) {
			n.Outside, n.Ports, n.Sysctls = true, nil, nil
			n.Outgoing = []Group{group("10.0.0.5", "10.0.0.9:8080", 0, every(0.2, 150))}
		}},
		{"too-little-history", "150 of 400 ports are taken by live connections", func(n *Namespace) {
			n.Ports = &probe.Ports{Low: 40000, High: 40399, Usable: 400}
			n.Outgoing = []Group{group("10.0.0.5", "10.0.0.9:8080", 150, nil)}
		}},
		{"no-source-address", "binds to 10.0.0.7, which is no address there", from("10.0.0.7", func(n *Namespace) {})},
		{"no-source-address", "binds to fd00::7,", from("fd00::7", func(n *Namespace) {})},
		{"fixed-source-port", "one port of 10.0.0.5", func(n *Namespace) {
			n.Configured = []Configured{{
				Program: "nginx",
				PID:     7,
				Report:  &lint.Report{},
				Ends:    []End{{File: "/etc/nginx/nginx.conf", Line: 3, Address: addr("10.0.0.5"), Source: true, Port: true}},
			}}
		}},
		{"no-ipv6", "connects to ::1, and IPv6 is off there (net.ipv6.conf.lo.disable_ipv6 = 1)",
			to("::1", func(n *Namespace) {
				n.Sysctls[noIPv6OnLoopback] = "1"
			})},
		{"no-ipv6", "connects to fd00::9, and IPv6 is off there (net.ipv6.conf.all.disable_ipv6 = 1)",
			to("fd00::9", func(n *Namespace) {
				n.Sysctls[noIPv6] = "1"
			})},
		{"no-ipv6", "connects to fd00::9, and there is no IPv6 address but that of the link",
			to("fd00::9", func(n *Namespace) {
				n.Addresses = append(n.Addresses, addr("fe80::1"))
			})},
		{"nearest", "5 of 20 ports (25.0 %)", func(n *Namespace) {}},
	} {
		has := func(r *Report) bool {
			for _, f := range r.Findings {
				if f.ID == c.id && strings.Contains(f.Text, c.says) {
					return true
				}
			}
			return false
		}
		if r := conclude(t, host, busy(c.change)); !has(r) {
			t.Errorf("%s is not found, or does not say %q: %+v", c.id, c.says, r.Findings)
		}
		if c.id != "nearest" && has(conclude(t, host, busy(func(*Namespace) {}))) {
			t.Errorf("%s is found where there is nothing of it", c.id)
		}
	}
	tracked := busy(func(n *Namespace) { n.Counters = probe.Counters{"conntrack_entries": 1, "conntrack_max": 1000} })
	if r := conclude(t, tracked); len(r.Unseen) != 1 || !strings.Contains(r.Unseen[0], "SNAT") ||
		len(conclude(t, host).Unseen) != 0 {
		t.Errorf("unseen %q where connections are tracked, want what a translation does", r.Unseen)
	}
	unknown := busy(func(n *Namespace) {
		n.Ports, n.Outgoing = nil, []Group{group("10.0.0.5", "10.0.0.9:8080", 0, every(0.2, 150))}
	})
	if r := conclude(t, unknown); r.Outcome() != Undecided {
		t.Errorf("outcome %v of a table whose size is not known, want %v", r.Outcome(), Undecided)
	}
	if r := conclude(t); r.Outcome() != Blind {
		t.Errorf("outcome %v of nothing seen, want %v", r.Outcome(), Blind)
	}
	later := Conclude(&Snapshot{
		Kernel:     "6.18",
		Namespaces: []Namespace{ofTwenty("a", 1, group("10.0.0.5", "10.0.0.9:80", 2, every(1, 8)))},
	},
		Options{Horizon: 5 * time.Second})
	if later.Outcome() != Fine || later.Findings[0].Level != Warning {
		t.Errorf("error 99 in 10 s with a horizon of 5 s: outcome %v, %+v", later.Outcome(), later.Findings)
	}
}

// TestSlowConnectIsForecast: 28,232 ports of which 9,000 are taken. connect() takes 3.63 ms after half of
// them, so that a core makes 275.5 a second: 900 a second take 3.3 cores, and 14,116 are made in
// 51.2 s by one and in 25.6 s by two.
func TestSlowConnectIsForecast(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		perS          float64
		cores         int
		measured      bool // what connect() costs
		state         string
		first, latest float64
		doubt         bool
		says          string
	}{
		{900, 0, false, RunningOut, 21.4, nan, false, "where the proxy has fewer it comes later"},
		{
			perS:   900,
			cores:  2,
			state:  RunningOut,
			first:  21.4,
			latest: nan,
			doubt:  true,
			says:   "in 21.4 s at the soonest",
		}, // one core is overtaken by ports that come back
		{900, 2, true, RunningOut, 5.7 + 25.6, nan, true, "this machine has 2"},
		{900, 8, true, RunningOut, 21.4, nan, true, "with one, error 99 comes never"},
		{900, 1, true, Slow, nan, nan, false, "no more than 276 a second"},
		{2000, 2, true, RunningOut, 2.6 + 25.6, 2.6 + 51.2, false, "is due in 28.2 to 53.8 s"},
		{250, 2, true, OK, nan, nan, false, ""}, // and half is too much for none
	} {
		var remaining []int32
		for i := range 9000 {
			if ms := 60000 - 1000*float64(i)/c.perS; ms > 0 {
				remaining = append(remaining, int32(ms))
			}
		}
		n := ofTwenty("a", 1, group("10.0.0.5", "10.0.0.9:80", 0, remaining))
		n.Ports, n.Sysctls["net.ipv4.tcp_max_tw_buckets"] = &probe.Ports{Low: 32768, High: 60999, Usable: 28232}, "262144"
		s := &Snapshot{Kernel: "6.18", Cores: c.cores, Namespaces: []Namespace{n}}
		if cost, ports := 255.0, 28232; c.measured {
			s.Abilities = ability.Found{ScanTimeWaitNs: &cost, ScanPorts: &ports}
		}
		r := Conclude(s, Options{Horizon: time.Minute})
		x := r.Namespaces[0].Tuples[0]
		off := func(got *float64, want float64) bool {
			return (got == nil) != math.IsNaN(want) || math.Abs(value(got)-want) > 0.2
		}
		if x.State != c.state || off(x.FirstError99S, c.first) || off(x.FirstError99LatestS, c.latest) ||
			x.InDoubt != c.doubt {
			t.Errorf("%+v: %s, error 99 in %v to %v s, in doubt: %v",
				c, x.State, value(x.FirstError99S), value(x.FirstError99LatestS), x.InDoubt)
		}
		if text := textOf(r, "running-out") + textOf(r, "half-range"); !strings.Contains(text, c.says) {
			t.Errorf("%+v: %q", c, text)
		}
		if c.says != "" && r.Outcome() != Due {
			t.Errorf("%+v: outcome %v", c, r.Outcome())
		}
		var b strings.Builder
		if err := r.Write(&b); err != nil {
			t.Error(err)
		}
	}
}

// TestWholeSecondsAreForecast: 20 ports at 25 a second, of which 10 are taken. Ten more take 0.4 s, and all
// are taken once more in 0.8 s where the clock's second ends just before.
func TestWholeSecondsAreForecast(t *testing.T) {
	n := ofTwenty("a", 1, group("10.0.0.5", "10.0.0.9:80", 0, every(0.04, 10)))
	n.Sysctls["net.ipv4.tcp_tw_reuse"] = "1"
	for whole, want := range map[bool]string{true: "is due in 0.40 to 1.20 s", false: "is due in 0.40 s"} {
		s := &Snapshot{
			Kernel:     "6.1",
			Cores:      2,
			Namespaces: []Namespace{n},
			Abilities:  ability.Found{ReuseCountsWholeSeconds: &whole},
		}
		if text := textOf(Conclude(s, Options{Horizon: time.Minute}), "running-out"); !strings.Contains(text, want) {
			t.Errorf("whole seconds: %v: %q, want %q", whole, text, want)
		}
	}
}

// TestPeersThatAreTakenOut are told of where ports run out.
func TestPeersThatAreTakenOut(t *testing.T) {
	of := func(waiting []int32) string {
		n := ofTwenty("a", 1, group("10.0.0.5", "10.0.0.9:80", 0, waiting))
		ejects := finding.Finding{ID: "peer-ejection", Text: "servers are taken out"}
		n.Configured = []Configured{{
			Program: "nginx",
			PID:     7,
			Report:  &lint.Report{Findings: []lint.Finding{{Finding: ejects}}},
		}}
		return textOf(conclude(t, n), "nginx-config")
	}
	if of(every(1, 8)) == "" || of(every(4, 5)) != "" {
		t.Errorf("%q where ports run out, %q where they do not", of(every(1, 8)), of(every(4, 5)))
	}
}

// TestProcessWithinItsNamespace: a namespace that is called after a process is said once.
func TestProcessWithinItsNamespace(t *testing.T) {
	c := &Configured{Program: "nginx", PID: 7}
	for namespace, want := range map[string]string{"nginx 7": "nginx 7", "container web-1": "nginx 7 in container web-1"} {
		if got := c.within(namespace); got != want {
			t.Errorf("%s: %q, want %q", namespace, got, want)
		}
	}
}

package preflight

import (
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// quick is the setup of the quick size: 500 ports, 200 requests a second.
func quick(change func(*Facts)) Facts {
	f := Facts{Proxy: "nginx", Setup: law.Setup{
		Ports:      500,
		RatePerS:   200,
		CloseShare: 1,
		Workers:    1,
		TwReuse:    2,
		Duration:   10 * time.Second,
	}.Complete()}
	change(&f)
	return f
}

// full is that of the full size.
func full(change func(*Facts)) Facts {
	f := Facts{Proxy: "nginx", Setup: law.Setup{
		Ports:      28232,
		RatePerS:   2000,
		CloseShare: 1,
		Workers:    2,
		TwReuse:    2,
		Duration:   90 * time.Second,
	}.Complete()}
	change(&f)
	return f
}

// TestReasons: each with its figure, and none where it does not apply.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts Facts
		says  string // "": nothing
	}{
		{"nothing is known", Facts{}, ""},
		{"nothing is wrong", quick(func(f *Facts) {
			*f = Facts{
				Setup:        f.Setup,
				RangeWidth:   500,
				Connections:  64,
				NoFile:       1024,
				ConntrackMax: 65536,
				Kernel:       "6.18.5",
				Release:      "1.30.1",
			}
			f.Setup.MaxTwBuckets = 131072
		}), ""},

		{"a listener in the range", full(func(f *Facts) { f.RangeWidth, f.Setup.Ports = 28232, 28231 }),
			"1 of the 28232 ports in ip_local_port_range are reserved or taken by a listener: P is 28231"},
		{"reserved ports", quick(func(f *Facts) { f.RangeWidth, f.Setup.Ports = 500, 250 }), "250 of the 500 ports"},

		{"loopback, reuse 2", quick(func(f *Facts) { f.Setup.Loopback = true }),
			"after 1s instead of 1m1s: error 99 takes 500 connections/s, and 200 are offered"},
		{"loopback beyond the ceiling of reuse",
			quick(func(f *Facts) { f.Setup.Loopback, f.Setup.RatePerS = true, 501 }), ""},
		{"loopback, reuse 0", quick(func(f *Facts) { f.Setup.Loopback, f.Setup.TwReuse = true, 0 }), ""},
		{"reuse 1 is a choice, not a surprise", quick(func(f *Facts) { f.Setup.TwReuse = 1 }), ""},

		{"timestamps off, reuse 1", quick(func(f *Facts) { f.Setup.TwReuse, f.Setup.NoTimestamps = 1, true }),
			"tcp_tw_reuse=1 does nothing: a tuple stays blocked for 1m1s, and error 99 comes after 2.50 s"},
		{
			"timestamps off on loopback",
			quick(func(f *Facts) { f.Setup.Loopback, f.Setup.NoTimestamps = true, true }),
			"tcp_tw_reuse=2 does nothing",
		},
		{"timestamps off without reuse", quick(func(f *Facts) { f.Setup.NoTimestamps = true }), ""},

		{"buckets below K", quick(func(f *Facts) { f.Setup.MaxTwBuckets = 300 }),
			"tcp_max_tw_buckets is 300 and there are 500 tuples: the kernel drops every TIME_WAIT beyond 300 "},
		{"buckets below K that are not reached",
			quick(func(f *Facts) { f.Setup.MaxTwBuckets, f.Setup.RatePerS = 300, 4 }), ""},
		{"buckets of half of K", quick(func(f *Facts) { f.Setup.MaxTwBuckets = 250 }),
			"no more than half of the 500 tuples: the kernel drops every TIME_WAIT beyond 250 (TCPTimeWaitOverflow), " +
				"so neither the slow connect() from half the range on nor error 99 can come; " +
				"set net.ipv4.tcp_max_tw_buckets to 500 or more"},
		{"just more than that", quick(func(f *Facts) { f.Setup.MaxTwBuckets = 251 }),
			"tcp_max_tw_buckets is 251 and there are 500 tuples: the kernel drops every TIME_WAIT beyond 251 "},
		{"a machine of 2 GB", full(func(f *Facts) { f.Setup.MaxTwBuckets = 8192 }),
			"tcp_max_tw_buckets is 8192, no more than half of the 28232 tuples"},
		{"a machine of 2 GB, at a rate that only makes connect() dear",
			full(func(f *Facts) { f.Setup.MaxTwBuckets, f.Setup.RatePerS = 8192, 300 }), "so neither the slow connect()"},
		{"a machine of 2 GB, at a rate that fills nothing",
			full(func(f *Facts) { f.Setup.MaxTwBuckets, f.Setup.RatePerS = 8192, 200 }), ""},
		{"a machine of 2 GB with few ports", quick(func(f *Facts) { f.Setup.MaxTwBuckets = 8192 }), ""},
		{"buckets above K", quick(func(f *Facts) { f.Setup.MaxTwBuckets = 501 }), ""},

		{"what the kind says of its release",
			quick(func(f *Facts) { f.OfRelease = []string{"nginx 1.30.1 keeps connections"} }),
			"nginx 1.30.1 keeps connections"},

		{"KeepAlive Off", quick(func(f *Facts) { f.KeepAliveOff = true }),
			"comes after 3.47 s at the earliest, and never at the smaller f"},
		{"KeepAlive Off and a high rate", quick(func(f *Facts) { f.KeepAliveOff, f.Setup.RatePerS = true, 2000 }),
			"comes after 0.35 to 25.00 s"},
		{"KeepAlive Off and a rate that is too low", quick(func(f *Facts) { f.KeepAliveOff, f.Setup.RatePerS = true, 10 }),
			"even at f = 0.72 the load factor is 0.88"},
		{"the proxy asks for it", quick(func(f *Facts) { f.ClosesToo = "nginx asks for a close, so Apache closes it too" }),
			"so Apache closes it too, and where it is first the TIME_WAIT is not nginx's"},

		{"host network", quick(func(f *Facts) { f.HostNetwork = true }), "its 500 ports"},

		{"conntrack", full(func(f *Facts) { f.ConntrackMax, f.Setup.Workers = 20000, 8 }),
			"nf_conntrack_max is 20000 and 28232 connections are to come within the two minutes"},
		{"conntrack with room", full(func(f *Facts) { f.ConntrackMax, f.Setup.Workers = 28232, 8 }), ""},

		{"descriptors", quick(func(f *Facts) { f.NoFile, f.Connections = 1024, 500 }),
			"nginx may open 1024 files, and 500 connections need 1064"},
		{"just enough descriptors", quick(func(f *Facts) { f.NoFile, f.Connections = 1064, 500 }), ""},

		{"a collapse that the socket option spares", full(func(f *Facts) { f.Kernel = "6.18.5-generic" }),
			"the rate collapses with 14116 of 28232 taken"},
		{"a kernel without it", full(func(f *Facts) { f.Kernel = "5.15.0-91-generic" }), ""},
		{"a kernel that has it and keeps the step", full(func(f *Facts) { f.Kernel = "6.3.0" }), ""},
		{"the last that keeps the step", full(func(f *Facts) { f.Kernel = "6.7.12" }), ""},
		{"the first that does not", full(func(f *Facts) { f.Kernel = "6.8.0-52-generic" }), "which Linux 6.8 has, is spared that"},
		{
			name:  "tried, and it removes the step, whatever the version",
			facts: full(func(f *Facts) { f.Kernel, f.OptionRemovesStep = "5.14.0-362.el9", new(true) }),
			says:  "which Linux 5.14 has, is spared that",
		},
		{
			name:  "tried, of a kernel without a version",
			facts: full(func(f *Facts) { f.OptionRemovesStep = new(true) }),
			says:  "which this kernel has, is spared that",
		},
		{"tried, and it does not, whatever the version", full(func(f *Facts) { f.Kernel, f.OptionRemovesStep = "6.12.0", new(false) }), ""},

		{"random steps", quick(func(f *Facts) { f.Setup.StepWidth = 1000 }),
			"ip_local_port_step_width is 1000, so connect() does not take ports in order"},
		{"loopback, reuse 2, in whole seconds",
			quick(func(f *Facts) { f.Setup.Loopback, f.Setup.ReuseWholeSeconds = true, true }),
			"after the next full second of its clock instead of 1m1s"},
		{"no collapse", quick(func(f *Facts) { f.Kernel = "6.18.5" }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Reasons(c.facts)
			switch {
			case c.says == "" && len(got) > 0:
				t.Errorf("%q, want no reason", got)
			case c.says != "" && (len(got) != 1 || !strings.Contains(got[0], c.says)):
				t.Errorf("%q, want one reason with %q", got, c.says)
			}
			for _, s := range got {
				if strings.HasSuffix(s, ".") || strings.Contains(s, "%!") {
					t.Errorf("not the body of a sentence: %q", s)
				}
			}
		})
	}
}

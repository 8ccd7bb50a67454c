package diagnose

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/trace"
)

func failures(inode uint64, to string, errno int, count int64) trace.Failure {
	name := map[int]string{99: "EADDRNOTAVAIL", 111: "ECONNREFUSED"}[errno]
	return trace.Failure{
		Namespace: inode,
		PID:       811,
		Process:   "nginx",
		To:        netip.MustParseAddrPort(to),
		Errno:     errno,
		Name:      name,
		Count:     count,
	}
}

func concludeTraced(t *testing.T, tracing *Tracing, c *trace.Counts, o Options, all ...Namespace) *Report {
	t.Helper()
	tracing.Counts = c
	o.Trace, o.Horizon = tracing, 10*time.Minute
	r := Conclude(&Snapshot{Kernel: "6.18", Namespaces: all}, o)
	doc, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Diagnose(t, doc); err != nil {
		t.Errorf("the report is no %s: %v\n%s", Schema, err, doc)
	}
	return r
}

// TestError99IsHeldAgainstThePorts: the same count means exhaustion or not, by how full the
// ports are.
func TestError99IsHeldAgainstThePorts(t *testing.T) {
	const to, six = "10.0.0.9:8080", "[2001:db8::9]:8080"
	outside := ofTwenty("c", 1, group("10.0.0.5", to, 0, every(1, 20)))
	outside.Ports, outside.Outside = nil, true
	withIPv6 := ofTwenty("a", 1)
	withIPv6.Addresses = []netip.Addr{netip.MustParseAddr("2001:db8::5")}
	for name, c := range map[string]struct {
		n    Namespace
		to   string
		id   string
		text string
		next string
	}{
		"exhausted": {
			n:    ofTwenty("a", 1, group("10.0.0.5", to, 1, every(1, 19))),
			to:   to,
			id:   "error-99-counted",
			text: "100.0 % of the ports towards it were taken",
			next: "above",
		},
		"one is free": {
			n:    ofTwenty("a", 1, group("10.0.0.5", to, 1, every(1, 18))),
			to:   to,
			id:   "error-99-counted",
			text: "95.0 % of the ports",
			next: "above",
		},
		"half are free": {
			n:    ofTwenty("a", 1, group("10.0.0.5", to, 0, every(1, 10))),
			to:   to,
			id:   "error-99-other-cause",
			text: "at most 50.0 % of the ports",
			next: "IP_LOCAL_PORT_RANGE",
		},
		"another is full": {
			n:    ofTwenty("a", 1, group("10.0.0.5", "10.0.0.8:8080", 0, every(1, 20))),
			to:   to,
			id:   "error-99-other-cause",
			text: "no port towards it was taken",
			next: "IP_LOCAL_PORT_RANGE",
		},
		"no IPv6 address":    {ofTwenty("a", 1), six, "error-99-other-cause", "no port towards it", "has no IPv6 address"},
		"IPv6, and it has":   {withIPv6, six, "error-99-other-cause", "no port towards it", "disable_ipv6"},
		"not seen in full":   {outside, to, "error-99-counted", "how many ports there are is not known", "as root"},
		"another namespace":  {ofTwenty("b", 2), to, "error-99-counted", "how many ports there are is not known", "as root"},
		"a namespace unseen": {ofTwenty("b", 0), to, "error-99-counted", "how many ports there are is not known", "as root"},
	} {
		t.Run(name, func(t *testing.T) {
			counts := &trace.Counts{
				For:      5 * time.Second,
				Failures: []trace.Failure{failures(1, c.to, 99, 40), failures(1, c.to, 111, 7)},
			}
			r := concludeTraced(t, new(Tracing), counts, Options{}, c.n)
			var got []Finding
			for _, f := range r.Findings {
				if strings.HasPrefix(f.ID, "error-99") {
					got = append(got, f)
				}
			}
			if len(got) != 1 || got[0].ID != c.id || !strings.Contains(got[0].Text, c.text) ||
				!strings.Contains(got[0].Next, c.next) ||
				!strings.Contains(got[0].Text, "40 connect() calls failed with error 99 in 5.00 s: nginx 811 (40)") {
				t.Errorf("%+v, want %s with %q and %q", got, c.id, c.text, c.next)
			}
		})
	}
	// Ports that were taken at an earlier look of the trace count, too.
	tracing := new(Tracing)
	counts := &trace.Counts{For: 5 * time.Second, Failures: []trace.Failure{failures(1, to, 99, 40)}}
	concludeTraced(t, tracing, counts, Options{}, ofTwenty("a", 1, group("10.0.0.5", to, 20, nil)))
	r := concludeTraced(t, tracing, counts, Options{}, ofTwenty("a", 1))
	if len(r.Findings) != 1 || r.Findings[0].ID != "error-99-counted" {
		t.Errorf("%+v, want error-99-counted", r.Findings)
	}
}

// TestTraceAsTextAndSinceTheLastLook: the second of two looks says what the time between
// them added.
func TestTraceAsTextAndSinceTheLastLook(t *testing.T) {
	first := &trace.Counts{For: time.Second, Failures: []trace.Failure{failures(1, "10.0.0.9:8080", 99, 40)}}
	second := &trace.Counts{For: 2500 * time.Millisecond, Lost: 2, Failures: []trace.Failure{
		failures(1, "10.0.0.9:8080", 99, 100), failures(7, "[2001:db8::9]:80", 111, 3), failures(0, "10.0.0.7:80", 111, 1)}}
	second.Failures[1].Process, second.Failures[1].PID = "\x1b[2J", 12
	second.Succeeded[12], second.NoPort[20], second.Failed[36] = 5000, 100, 4
	tracing := &Tracing{Each: true}
	one := concludeTraced(t, tracing, first, Options{}, ofTwenty("container web-1", 1))
	if one.Trace.RecentS != 0 || one.Trace.Failures[0].Recent != nil {
		t.Errorf("the first look has something since a look before: %+v", one.Trace)
	}
	r := concludeTraced(t, tracing, second, Options{Top: 2}, ofTwenty("container web-1", 1))
	if got := r.Trace.Failures; len(got) != 2 || r.Trace.Others != 1 || *got[0].Recent != 60 || *got[1].Recent != 3 ||
		r.Trace.RecentS != 1.5 {
		t.Errorf("%+v", r.Trace)
	}
	var b bytes.Buffer
	r.Trace.write(&b)
	golden.Compare(t, "testdata/trace.txt", b.Bytes())
	b.Reset()
	(*Traced)(nil).write(&b)
	if b.Len() > 0 {
		t.Errorf("without a trace it says %q", b.String())
	}
}

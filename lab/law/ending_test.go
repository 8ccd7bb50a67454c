package law

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestEndingsAsMeasured holds the laws to the table of docs/proxies.md: 200 ports at 60
// requests a second, with a pool of 20 and without.
func TestEndingsAsMeasured(t *testing.T) {
	for _, tc := range []struct {
		name      string
		ending    Ending
		keepalive int
		first     float64 // 0: never
		race      bool
	}{
		{"fastcgi", FastCGIEnds, 0, 0, false},
		{"fastcgi with a pool that has nothing to keep", FastCGIEnds, 20, 0, false},
		{"fastcgi_keep_conn alone: the trap", FastCGIKept, 0, 3.333, false},
		{"fastcgi_keep_conn and a pool", FastCGIKept, 20, 0, false},
		{"uwsgi", UWSGIEnds, 0, 3.333, true},
		{"uwsgi with a pool that has nothing to keep", UWSGIEnds, 20, 3.333, true},
		{"grpc", GRPCEnds, 0, 3.333, false},
		{"grpc with a pool", GRPCEnds, 20, 0, false},
		{"memcached", MemcachedEnds, 0, 3.333, false},
		{"memcached with a pool", MemcachedEnds, 20, 0, false},
	} {
		s := Setup{
			Ports:      200,
			RatePerS:   60,
			Duration:   12 * time.Second,
			Keepalive:  tc.keepalive,
			CloseShare: 1,
		}.Over(tc.ending).Complete()
		p := Predict(s)
		if first := or0(p.FirstError99S); first < tc.first-0.01 || first > tc.first+0.01 || s.Race != tc.race {
			t.Errorf("%s: first error 99 after %.3f s, race %v; want %.3f, %v",
				tc.name, first, s.Race, tc.first, tc.race)
		}
	}
}

// TestAPoolOverAProtocolEndsAsNginxEndsIt: 601 requests a connection are Apache's.
func TestAPoolOverAProtocolEndsAsNginxEndsIt(t *testing.T) {
	of := func(s Setup) Mitigation {
		i := slices.IndexFunc(Mitigations(s), func(m Mitigation) bool { return m.Name == "keepalive" })
		return Mitigations(s)[i]
	}
	http := Setup{Ports: 200, RatePerS: 60, CloseShare: 1}
	for words, m := range map[string]Mitigation{"601 requests": of(http), "1000 requests": of(http.Over(MemcachedEnds))} {
		if n, _ := strconv.Atoi(strings.Fields(words)[0]); !strings.Contains(m.Change, words) ||
			m.Setup.Churn != 1/float64(n) {
			t.Errorf("want %s a connection: churn %g, %s", words, m.Setup.Churn, m.Change)
		}
	}
}

package upstream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// TestWhoCloses: fastcgi_keep_conn is the one key that decides.
func TestWhoCloses(t *testing.T) {
	for _, tc := range []struct {
		protocol string
		keepConn bool
		want     law.Ending
	}{
		{"fastcgi", false, law.FastCGIEnds}, {"fastcgi", true, law.FastCGIKept},
		{"uwsgi", false, law.UWSGIEnds}, {"grpc", false, law.GRPCEnds}, {"memcached", false, law.MemcachedEnds},
	} {
		v := scenarios.Variant{
			Upstream: scenarios.Upstream{Protocol: tc.protocol},
			Proxy:    scenarios.Proxy{KeepConn: tc.keepConn, Keepalive: 20},
		}
		if e, ok := EndingOf(v); !ok || e != tc.want {
			t.Errorf("%s, keep_conn %v: %+v", tc.protocol, tc.keepConn, e)
		}
	}
	for _, other := range []string{"http", "", "gopher"} {
		if _, ok := EndingOf(scenarios.Variant{Upstream: scenarios.Upstream{Protocol: other}}); ok {
			t.Errorf("%q is taken for one of these", other)
		}
	}
}

// TestEachProtocolSaysWhatAPoolTakes: a report about one has nothing else to go by.
func TestEachProtocolSaysWhatAPoolTakes(t *testing.T) {
	for _, name := range Names() {
		if p, ok := results.PoolOver(name); !ok || !strings.Contains(p.Lines, "`keepalive N;`") || p.Risk == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// TestMemcachedIsToldWhatNginxAsksFor: under the same key, with the length that it has.
func TestMemcachedIsToldWhatNginxAsksFor(t *testing.T) {
	var name string
	var flags, expires, length int
	head, rest, _ := strings.Cut(memcached.Seed, "\r\n")
	if _, err := fmt.Sscanf(head, "set %s %d %d %d", &name, &flags, &expires, &length); err != nil {
		t.Fatal(err)
	}
	if asked := memcached.Lines(scenarios.Variant{}, "")[0]; asked != "set $memcached_key "+name+";" {
		t.Errorf("nginx asks by %q, and the key is %q", asked, name)
	}
	if flags != 0 || expires != 0 || len(rest) != length+2 || length != 1024 {
		t.Errorf("%q has a value of %d bytes", head, len(rest)-2)
	}
}

package cli

import (
	"strings"
	"testing"
)

// TestPredictOfAKind: what is said is of the kind and its policy.
func TestPredictOfAKind(t *testing.T) {
	for _, tc := range []struct {
		args string
		code int
		says string
	}{
		{"--proxy haproxy --mode tcp", 0, "f = 1. A request that finds no port costs 4 connect() calls"},
		{"--proxy haproxy --policy tcp-one-try", 0, "costs 1 connect() call."},
		{"--proxy haproxy", 0, "ends connections by a reset"},
		{"--proxy haproxy --policy tcp-own-ports", 0, "from a list of 10"},
		{"--proxy haproxy --policy tpc", 64, "--policy tpc: what haproxy can be told is expected, one of default,"},
		{"--proxy haprxy", 64, "--proxy haprxy: a kind of proxy is expected"},
		{"--policy tcp", 64, "nginx has no policies"},
		{"--proxy haproxy --policy tcp --close-share 0.5", 64, "close-share"},
		{"--protocol fastcgi", 0, "the backend closes after its reply, and a pool has nothing to keep: f = 0."},
		{"--protocol fastcgi --keep-conn", 0, "fastcgi with fastcgi_keep_conn on: the backend leaves a connection open"},
		{"--protocol uwsgi", 0, "uwsgi: both ends close after the reply"},
		{"--protocol memcached", 0, "f = 1."},
		{"--protocol grpc --keep-conn", 64, "--protocol fastcgi is expected"},
		{"--protocol fcgi", 64, "--protocol fcgi: what nginx speaks is expected, one of http, fastcgi,"},
		{"--protocol grpc --proxy haproxy", 64, "is for nginx, and the proxy is haproxy"},
		{"--protocol grpc --close-share 0.5", 64, "close-share"},
	} {
		var out, diag strings.Builder
		code := Main(append([]string{"predict", "--rate", "900"}, strings.Fields(tc.args)...), strings.NewReader(""), &out,
			&diag)
		if said := out.String() + diag.String(); code != tc.code || !strings.Contains(said, tc.says) {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s", tc.args, code, tc.code, tc.says, said)
		}
	}
}

package httpd

import (
	"testing"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

func TestThereIsAThreadForEveryConnectionOfTheProxy(t *testing.T) {
	v := scenarios.Variant{Proxy: scenarios.Proxy{Keepalive: 20, Workers: 2}}
	for _, connections := range []int{1, 64, 2000, 8192} {
		v.Load.Connections = connections
		if d := dataOf(v, proxy.Site{}); d.Threads <= connections+v.Proxy.Keepalive*v.Proxy.Workers || d.Threads > 20000 {
			t.Errorf("%d connections: %d threads in a process", connections, d.Threads)
		}
	}
}

// TestApachesWordForItsLimits: that few workers are idle is none.
func TestApachesWordForItsLimits(t *testing.T) {
	const head = "[Mon Nov 23 08:00:00.000000 2026] [mpm_event:error] [pid 1:tid 1] "
	for printed, want := range map[string]string{
		"": "",
		head + "(24)Too many open files: AH00553: apr_socket_accept: (client socket)\n": "(24)Too many open files: " +
			"AH00553: apr_socket_accept: (client socket)",
		head + "AH10159: server is within MinSpareThreads of MaxRequestWorkers, " +
			"consider raising the MaxRequestWorkers setting\n": "",
		head + "AH00094: Command line: 'httpd'\n" + head + "AH00484: server reached MaxRequestWorkers setting, " +
			"consider raising the MaxRequestWorkers setting\n" + head + "AH00170: caught\n": "AH00484: server reached " +
			"MaxRequestWorkers setting, consider raising the MaxRequestWorkers setting",
	} {
		if got := (Kind{}).ReachedLimit(scenarios.Variant{}, printed); got != want {
			t.Errorf("%q\nfound %q, want %q", printed, got, want)
		}
	}
	about := scenarios.Variant{Backend: scenarios.Backend{MaxWorkers: 4}}
	if got := (Kind{}).ReachedLimit(about, head+"AH00484: server reached MaxRequestWorkers setting\n"); got != "" {
		t.Errorf("found %q, which the scenario is about", got)
	}
}

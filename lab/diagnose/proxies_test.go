package diagnose

import (
	"strings"
	"testing"
)

// TestAdviceIsInTheWordsOfTheProxy: whoever holds the connections is told in its own.
func TestAdviceIsInTheWordsOfTheProxy(t *testing.T) {
	for name, want := range map[string]string{
		"nginx": "`keepalive 32;`", "haproxy": "`option nolinger`", "apache2": "`disablereuse=On`",
		"cache-main": "`.proxy_header`", "envoy": "max_requests_per_connection",
		"squid":   "server_pconn_for_nonretriable",
		"caddy":   "keepalive_idle_conns_per_host",
		"traefik": "maxIdleConnsPerHost", "hitch": "Unix-domain socket", "java": "then: use connections again (keepalive)",
	} {
		n := ofTwenty("a", 1, group("10.0.0.5", "10.0.0.9:8080", 2, every(1, 8)))
		n.Processes = []Process{{PID: 7, Name: "sh"}, {PID: 8, Name: name}}
		for _, f := range conclude(t, n).Findings {
			if f.ID == "running-out" && !strings.Contains(f.Next, want) {
				t.Errorf("%s is told %q, want %q", name, f.Next, want)
			}
		}
	}
}

func TestProxiesAreNamedAsTheKernelDoes(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range proxies {
		for _, name := range p.names {
			if len(name) > 15 || seen[name] { // TASK_COMM_LEN, with its NUL
				t.Errorf("%s is longer than a process's name, or there twice", name)
			}
			seen[name] = true
		}
	}
}

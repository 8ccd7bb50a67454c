package haproxy

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// TestEachSourceHasAServerForEachBackend, so that K is P·S·D. A list of ports is of one
// address.
func TestEachSourceHasAServerForEachBackend(t *testing.T) {
	v := scenarios.Variant{
		Proxy:     scenarios.Proxy{Kind: "haproxy", Policy: tcp, Workers: 1, Addresses: 2},
		Backend:   scenarios.Backend{Kind: scenarios.BackendHttpd, Addresses: 2, Ports: 1},
		ProxyFile: ownTemplate,
	}
	c, err := Kind{}.Configure(v, proxy.Example(v))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"server s0-0 192.0.2.128:8080 source 192.0.2.2\n", "server s0-1 192.0.2.128:8080 source 192.0.2.3\n",
		"server s1-0 192.0.2.129:8080 source 192.0.2.2\n", "server s1-1 192.0.2.129:8080 source 192.0.2.3\n",
	} {
		if strings.Count(string(c.Text), want) != 1 {
			t.Errorf("%q is not in\n%s", want, c.Text)
		}
	}
	v.Proxy.Policy = tcpOwnPorts
	if _, err := (Kind{}).Configure(v, proxy.Example(v)); err == nil ||
		!strings.Contains(err.Error(), "one source address") {
		t.Errorf("a list of ports for two addresses: %v", err)
	}
}

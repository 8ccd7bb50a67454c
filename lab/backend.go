package lab

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// AgentBackend is the command line of the lab's own backend, which stands in
// for Apache where Apache cannot do what a scenario is about.
func AgentBackend(v scenarios.Variant, at proxy.Site) []string {
	b := v.Backend
	var listen []string
	for _, a := range at.BackendListen {
		listen = append(listen, a.String())
	}
	args := []string{"backend", "--listen", strings.Join(listen, ",")}
	if v.Held() {
		return append(args, "--protocol", v.Upstream.Protocol)
	}
	return append(args, "--delay", b.Delay.String(), "--close-delay", b.CloseDelay.String(), fmt.Sprintf("--keepalive=%v", b.KeepAlive))
}

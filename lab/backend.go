package lab

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// AgentBackend is the command line of the lab's own backend, which stands in
// for Apache where Apache cannot do what a scenario is about, and answers gRPC.
func AgentBackend(v scenarios.Variant, at proxy.Site) []string {
	b := v.Backend
	var listen []string
	for _, a := range at.BackendListen {
		listen = append(listen, a.String())
	}
	args := []string{"backend", "--listen", strings.Join(listen, ",")}
	switch {
	case v.Held():
		return append(args, "--protocol", v.Upstream.Protocol)
	case v.Upstream.Protocol == scenarios.ProtocolGRPC:
		return append(args, "--protocol", v.Upstream.Protocol, "--delay", b.Delay.String())
	}
	return append(args, "--delay", b.Delay.String(), "--close-delay", b.CloseDelay.String(),
		fmt.Sprintf("--keepalive=%v", b.KeepAlive))
}

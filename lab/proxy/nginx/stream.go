package nginx

import (
	_ "embed"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

//go:embed stream.conf.tmpl
var streamText []byte

var streamTemplate = scenarios.OwnTemplate("stream.conf.tmpl", streamText)

// Lacks knows the module that Debian has apart.
func (Kind) Lacks(printed string) string {
	if strings.Contains(printed, `unknown directive "stream"`) {
		return "this nginx has no stream module; Debian and Ubuntu have it in the package libnginx-mod-stream, " +
			"nginx.org's nginx has it built in"
	}
	return ""
}

// Carries says what stream does to connections. One of a client's is one upstream; a
// connect() that fails is logged once and ends the client's, whose end is all that it
// learns. Who closes first is the load's choice (law.Setup.Holding).
//
// After an upgrade nginx has the laws of HTTP until there is a connection, so a websocket
// has none of its own.
func (Kind) Carries(v scenarios.Variant) (proxy.Policy, bool) {
	if v.Upstream.Protocol != scenarios.ProtocolStream {
		return proxy.Policy{}, false
	}
	tries := 1
	if v.Proxy.NextUpstream != "off" {
		tries = v.Backend.Peers()
	}
	return proxy.Policy{
		Name: scenarios.ProtocolStream, Words: "stream: a connection for each of a client's",
		Laws: law.Conduct{CloseShare: 1, Tries: tries, Lines: tries, Passes: true},
	}, true
}

package nginx

import (
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// defaulted is what a configuration leaves to the release that runs it: both
// defaults changed with pooling, and with them whether error 99 comes.
type defaulted struct {
	Pool     bool // an upstream block without a word about keepalive
	Protocol bool // no proxy_http_version anywhere

	// Closes says that it asks the backend to close every connection, which no
	// release does otherwise: proxy_set_header Connection close.
	Closes bool
}

// unsaid is what a variant leaves to the release: proxy.http: default does, of
// the lab's template, and a configuration of the user's own may. One that is no
// nginx configuration is nginx's to refuse.
func unsaid(v scenarios.Variant) defaulted {
	if v.OwnConfig() {
		d, _ := defaultsOf(string(v.ProxyFile.Text))
		return d
	}
	untold := v.Proxy.HTTP == scenarios.HTTPDefault
	return defaulted{Pool: untold && v.Proxy.Keepalive == 0 && upstreamBlock(v), Protocol: untold}
}

func defaultsOf(conf string) (defaulted, error) {
	t, err := nginxconf.Parse("nginx.conf", []byte(conf))
	if err != nil {
		return defaulted{}, err
	}
	closes := func(x *nginxconf.Directive) bool {
		return strings.EqualFold(x.Arg(1), "connection") && strings.EqualFold(x.Arg(2), "close")
	}
	return defaulted{
		Pool: slices.ContainsFunc(blocks(t.Root, "upstream"), func(x *nginxconf.Directive) bool {
			return len(all(x.Block, "keepalive")) == 0
		}),
		Protocol: len(all(t.Root, "proxy_http_version")) == 0,
		Closes:   slices.ContainsFunc(all(t.Root, "proxy_set_header"), closes),
	}, nil
}

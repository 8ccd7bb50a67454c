package nginx

import "github.com/lab99/lab99/scenarios"

// defaulted is what a configuration leaves to the release that runs it: both
// defaults changed with nginxconf.Pooling, and with them whether error 99 comes.
type defaulted struct {
	Pool     bool // an upstream block without a word about keepalive
	Protocol bool // no proxy_http_version anywhere
}

// unsaid is what the lab's template leaves to the release: proxy.http: default
// does. What a configuration of the user's own leaves to it is in Variant.Own.
func unsaid(v scenarios.Variant) defaulted {
	untold := !v.OwnConfig() && v.Proxy.HTTP == scenarios.HTTPDefault
	return defaulted{Pool: untold && v.Proxy.Keepalive == 0 && upstreamBlock(v), Protocol: untold}
}

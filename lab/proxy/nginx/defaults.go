package nginx

import "github.com/lab99/lab99/scenarios"

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
	top, err := parse(conf)
	if err != nil {
		return defaulted{}, err
	}
	d := defaulted{Protocol: true}
	var walk func([]*directive)
	walk = func(ds []*directive) {
		for _, x := range ds {
			switch x.name() {
			case "upstream":
				d.Pool = d.Pool || x.block != nil && !x.contains("keepalive")
			case "proxy_http_version":
				d.Protocol = false
			case "proxy_set_header":
				d.Closes = d.Closes || x.sets("connection", "close")
			}
			walk(x.block)
		}
	}
	walk(top)
	return d, nil
}

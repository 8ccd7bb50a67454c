package scenarios

// Defaulted is what an nginx configuration leaves to the release that runs it.
// 1.29.7 changed both defaults, and with them whether error 99 comes.
// https://nginx.org/en/CHANGES
type Defaulted struct {
	Pool     bool // an upstream block without a word about keepalive
	Protocol bool // no proxy_http_version anywhere

	// Closes says that it asks the backend to close every connection, which no
	// release does otherwise: proxy_set_header Connection close.
	Closes bool
}

// Defaults is what the variant's configuration leaves to the release: of a
// template nothing. One that is no nginx configuration is nginx's to refuse.
func (v Variant) Defaults() Defaulted {
	if !v.OwnConfig() {
		return Defaulted{}
	}
	d, _ := defaultsOf(string(v.proxyConfig().text))
	return d
}

func defaultsOf(conf string) (Defaulted, error) {
	top, err := parseNginx(conf)
	if err != nil {
		return Defaulted{}, err
	}
	d := Defaulted{Protocol: true}
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

package nginxconf

import "strings"

// builtin gives nginx's own variables, as far as the request tells them.
func (e *env) builtin(name string) values {
	if h, ok := strings.CutPrefix(name, "http_"); ok {
		return e.header(h)
	}
	switch name {
	case "empty", "":
		return one("")
	}
	if e.request == nil {
		if name == "server_name" && e.server != nil {
			return one(e.server.Names[0])
		}
		if name == "scheme" && e.server != nil && !e.server.Stream {
			v := values{}
			for _, l := range e.server.Listens {
				if l.TLS {
					v.add(one("https"))
				} else {
					v.add(one("http"))
				}
			}
			return v
		}
		return unknown(name)
	}
	switch name {
	case "host":
		if e.host == "" { // nobody said which, and the server has no name
			return unknown(name)
		}
		return one(e.host)
	case "http_host":
		return one(e.request.Host)
	case "uri", "document_uri":
		return one(e.path)
	case "request_uri":
		return one(e.request.Path)
	case "args", "query_string":
		return one(e.args)
	case "is_args":
		if e.args == "" {
			return one("")
		}
		return one("?")
	case "scheme":
		return one(e.request.scheme())
	case "request_method":
		return one(e.request.method())
	case "https":
		if e.request.scheme() == "https" {
			return one("on")
		}
		return one("")
	case "server_name":
		return one(e.server.Names[0])
	}
	if a, ok := strings.CutPrefix(name, "arg_"); ok {
		for pair := range strings.SplitSeq(e.args, "&") {
			if k, v, _ := strings.Cut(pair, "="); strings.EqualFold(k, a) {
				return one(v)
			}
		}
		return one("")
	}
	if c, ok := strings.CutPrefix(name, "cookie_"); ok {
		for pair := range strings.SplitSeq(e.request.header("Cookie"), ";") {
			if k, v, _ := strings.Cut(strings.TrimSpace(pair), "="); strings.EqualFold(k, c) {
				return one(v)
			}
		}
		return one("")
	}
	return unknown(name)
}

func (e *env) header(name string) values {
	switch {
	case e.request == nil && name == "upgrade":
		return one("")
	case e.request == nil:
		return unknown("http_" + name)
	case name == "host":
		return one(e.request.Host)
	}
	return one(e.request.header(strings.ReplaceAll(name, "_", "-")))
}

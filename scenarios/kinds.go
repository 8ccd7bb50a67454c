package scenarios

import "slices"

// A Server is a kind of server that a scenario may name. The lab registers
// those that it can run, so that this package knows none of them.
type Server struct {
	Name  string // in proxy.kind or backend.kind
	Image string // by default; "" for a server that is part of the lab's own program
	// Template is what it is configured by where a scenario names no file; nil
	// where it needs none.
	Template *ConfigFile
	// Policies are the words that proxy.policy may be, the default first. A kind that has
	// some is told by them what nginx is told by keys of its own.
	Policies []string
	// Sources says that a kind with policies takes several proxy.addresses.
	Sources bool
	// Speaks is the protocol that a backend understands; "" is http.
	Speaks string
	// Recognises says whether a text looks like a configuration of the kind, and of no
	// other; nil: nobody can tell.
	Recognises func(text []byte) bool
	// Check renders a variant's configuration as a run would, and finds the
	// mistakes in its file.
	Check func(Variant) error
}

var proxies, backends []Server

// RegisterProxy makes a kind of proxy known.
func RegisterProxy(s Server) { proxies = append(proxies, s) }

// RegisterBackend makes a kind of backend known.
func RegisterBackend(s Server) {
	backends = append(backends, s)
	lists["backends"] = append([]string{BackendAgent}, names(backends)...)
	slices.Sort(lists["backends"])
}

// RegisterProtocol makes a protocol known that nginx speaks to a backend, besides HTTP and
// those that carry connections.
func RegisterProtocol(name string) {
	all := lists["protocols"]
	if len(all) == 0 {
		all = []string{ProtocolHTTP, ProtocolStream, ProtocolWebsocket}
	}
	lists["protocols"] = slices.Insert(all, len(all)-2, name)
}

// Protocols are what nginx may speak to a backend.
func Protocols() []string { return slices.Clone(lists["protocols"]) }

// understood are the protocols that a variant's backend speaks; none where its kind is
// not registered.
func (v Variant) understood() []string {
	switch k := v.backendKind(); {
	case v.Backend.Kind == BackendAgent:
		return []string{ProtocolHTTP, ProtocolGRPC, ProtocolStream, ProtocolWebsocket}
	case k.Speaks != "":
		return []string{k.Speaks}
	case k.Name != "":
		return []string{ProtocolHTTP}
	}
	return nil
}

// speakers are the kinds of backend that speak a protocol.
func speakers(protocol string) (all []string) {
	for _, kind := range lists["backends"] {
		if slices.Contains(Variant{Backend: Backend{Kind: kind}}.understood(), protocol) {
			all = append(all, kind)
		}
	}
	return all
}

// proxyKind and backendKind are the kinds of a variant's servers, empty where
// they are not registered; the lab's own backend never is.
func (v Variant) proxyKind() Server   { return named(proxies, v.Proxy.Kind) }
func (v Variant) backendKind() Server { return named(backends, v.Backend.Kind) }

// checkConfigs renders the configurations of a variant. another words what is wrong with
// the proxy's.
func (v Variant) checkConfigs(r *report, another func(error) error) {
	if k := v.proxyKind(); k.Check != nil {
		if err := k.Check(v); err != nil {
			r.addErr(v.Proxy.Config, another(err))
		}
	}
	if k := v.backendKind(); k.Check != nil {
		if err := k.Check(v); err != nil {
			r.addErr(v.Backend.Config, err)
		}
	}
}

func named(all []Server, name string) Server {
	if i := slices.IndexFunc(all, func(s Server) bool { return s.Name == name }); i >= 0 {
		return all[i]
	}
	return Server{}
}

func names(all []Server) []string {
	var n []string
	for _, s := range all {
		n = append(n, s.Name)
	}
	return n
}

package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// variant decodes a merged tree. where is blamed for what is missing altogether.
func (d *decoder) variant(tree *node, where position) Variant {
	var v Variant
	d.section(tree, "", blame{where, "set it in the size or at the top level"}, reflect.ValueOf(&v).Elem())
	v.DurationSet = tree.get("duration").set()
	if k := v.backendKind(); k.Image != "" && tree.find("backend.image") == nil {
		v.Backend.Image = k.Image
	}
	if tree.find("proxy.image") == nil {
		v.Proxy.Image = v.proxyKind().Image
	}
	if p := v.proxyKind().Policies; len(p) > 0 && tree.find("proxy.policy") == nil {
		v.Proxy.Policy = p[0]
	}
	v.Expect.Set = tree.find("expect.verdict").set()
	for _, c := range slices.Concat(v.conflicts(), v.held(), v.foreign(), v.apaches()) {
		if n := tree.find(c.key); c.wrong && n != nil {
			d.add(n.at.error(c.key+c.msg, c.hint))
		}
	}
	if v.Backend.Place == PlaceBoth {
		v.Backend.Addresses = 2
	}
	return v
}

// conflict is a key whose value does not go with another key's.
type conflict struct {
	key       string // blamed
	wrong     bool
	msg, hint string
}

// conflicts are all that there can be: what one kind of backend, or one place,
// cannot do, and a load whose parts do not add up.
func (v Variant) conflicts() []conflict {
	const noDelay = "of all backends the lab's own has such a delay"
	b := v.Backend
	agent, http := b.Kind == BackendAgent, v.Upstream.Protocol == ProtocolHTTP
	untimed, timed := untimedParts(v.Load.Profile)
	reuse := v.Proxy.Sysctls["net.ipv4.tcp_tw_reuse"]
	return append(v.unspoken(), []conflict{
		{
			key:   "proxy.kind",
			wrong: v.proxyKind().Check == nil && len(proxies) > 0,
			msg:   " is " + strconv.Quote(v.Proxy.Kind),
			hint:  didYouMean(v.Proxy.Kind, names(proxies)),
		},
		{
			key:   "proxy.named_ports",
			wrong: v.Proxy.NamedPorts && (v.Proxy.Addresses > 1 || b.Place == PlaceUnix),
			msg:   " needs one source address, and a backend at an address",
			hint:  "it names ports of the proxy's own address",
		},
		{"backend.delay", !agent && b.Delay > 0, " needs backend.kind: agent", noDelay},
		{"backend.close_delay", !agent && b.CloseDelay > 0, " needs backend.kind: agent", noDelay},
		{"backend.tls", agent && b.Secure(), " needs backend.kind: httpd", "the lab's own backend speaks plain HTTP"},
		{"backend.tls", !http && b.Secure(), " needs upstream.protocol: http",
			"the lab has no TLS for other protocols"},
		{"backend.place", !agent && b.Place == PlaceUnix, ": unix needs backend.kind: agent",
			"Apache cannot listen on a Unix-domain socket"},
		{"backend.place", !http && b.Place == PlaceUnix, ": unix needs upstream.protocol: http",
			"a Unix-domain socket takes no port, whatever is spoken there"},
		{"proxy.http", !http && v.Proxy.HTTP != HTTP11, " needs upstream.protocol: http", "it is a version of HTTP/1"},
		{
			key:   "proxy.keep_conn",
			wrong: v.Proxy.KeepConn && v.Upstream.Protocol != "fastcgi",
			msg:   " needs upstream.protocol: fastcgi",
			hint:  "it is fastcgi_keep_conn",
		},
		{"load.method", v.Upstream.Protocol == "memcached" && v.Load.Method != "GET" && v.Load.Method != "HEAD",
			" is " + v.Load.Method + ", and nginx asks memcached by GET and HEAD only", ""},
		{"backend.place", b.Place == PlaceBoth && reuse != "0" && reuse != "1",
			": both needs net.ipv4.tcp_tw_reuse set to 0 or 1",
			"2, the kernel's default, applies to 127.0.0.1 only, " +
				"and the lab has no law for the two addresses together"},
		{"backend.addresses", b.Place != PlaceOwn && b.Addresses > 1, " is over 1 with backend.place: " + b.Place,
			"only a host of its own has several"},
		{"backend.service", b.Service != ServiceNone && b.Place != PlaceOwn, " needs backend.place: own",
			"a Service leads to pods of their own"},
		{"backend.service", b.Service == ServiceClusterIP && v.Proxy.Addresses > 1,
			": cluster-ip needs proxy.addresses: 1",
			"the lab's further source addresses are in its own network, and a ClusterIP is not"},
		{"load.pods", v.Load.Pods > 1 && v.Load.Profile != "", " is over 1 with load.profile",
			"only a constant rate can be shared evenly"},
		{"load.pods", v.Load.Pods > v.Load.Connections,
			fmt.Sprintf(" is over load.connections, %d", v.Load.Connections), "each has one at least"},
		{"load.profile", untimed > 1 || untimed == 1 && timed >= v.Duration && v.Duration > 0,
			fmt.Sprintf(" has %d parts without a time, which get what %s of a load of %s leave",
				untimed, timed, v.Duration),
			"only one part but the last may leave its time out, and the others must be shorter than the load"},
	}...)
}

// unspoken is the conflict of a protocol and a kind of backend that does not speak it. The
// key is blamed that is not as it would be by itself.
func (v Variant) unspoken() []conflict {
	known, protocol := v.understood(), v.Upstream.Protocol
	if known == nil || slices.Contains(known, protocol) {
		return nil
	}
	if protocol == ProtocolHTTP {
		return []conflict{{"backend.kind", true, ": " + v.Backend.Kind + " needs upstream.protocol: " + known[0], ""}}
	}
	return []conflict{{
		key:   "upstream.protocol",
		wrong: true,
		msg:   fmt.Sprintf(": %s needs a backend that speaks it, and %s does not", protocol, v.Backend.Kind),
		hint:  "backend.kind: " + strings.Join(speakers(protocol), " or "),
	}}
}

// foreign are the conflicts of a kind with policies and nginx's own keys, and of nginx
// with a policy.
func (v Variant) foreign() (all []conflict) {
	kind := v.proxyKind()
	if len(proxies) == 0 { // who runs no proxy knows no kind, and can read files all the same
		return nil
	}
	if len(kind.Policies) == 0 {
		return []conflict{{"proxy.policy", v.Proxy.Policy != "", " is for other kinds than " + v.Proxy.Kind,
			"nginx is told by proxy.keepalive, proxy.http and proxy.upstream_block"}}
	}
	all = append(all, conflict{
		key:   "upstream.protocol",
		wrong: v.Upstream.Protocol != ProtocolHTTP,
		msg:   ": " + v.Upstream.Protocol + " is for nginx, and the proxy is " + kind.Name,
		hint:  "of the other kinds HAProxy has proxy.policy: tcp, with load.close_after",
	})
	all = append(all, conflict{
		key:   "proxy.policy",
		wrong: !slices.Contains(kind.Policies, v.Proxy.Policy),
		msg:   " is " + strconv.Quote(v.Proxy.Policy),
		hint:  didYouMean(v.Proxy.Policy, kind.Policies),
	})
	proxy := reflect.ValueOf(v.Proxy)
	for _, f := range fieldsOf(proxy.Type()) {
		if of := f.Tag.Get("of"); of != ofAny && !(kind.Sources && of == ofSources) {
			given := !reflect.DeepEqual(proxy.FieldByIndex(f.Index).Interface(), f.fallback().Interface())
			all = append(all, conflict{"proxy." + f.key, given, " is nginx's, and the proxy is " + kind.Name,
				"proxy.policy tells it what to do: " + strings.Join(kind.Policies, ", ")})
		}
	}
	return all
}

// apaches are the conflicts of Apache's keys, which the lab's own backend takes as well over
// HTTP, and another backend.
func (v Variant) apaches() (all []conflict) {
	if slices.Contains(v.understood(), ProtocolHTTP) && v.Upstream.Protocol == ProtocolHTTP || len(backends) == 0 {
		return nil
	}
	backend := reflect.ValueOf(v.Backend)
	for _, f := range fieldsOf(backend.Type()) {
		if f.Tag.Get("of") == ofHTTP {
			given := !reflect.DeepEqual(backend.FieldByIndex(f.Index).Interface(), f.fallback().Interface())
			why := " is about HTTP, and nginx speaks " + v.Upstream.Protocol
			all = append(all, conflict{"backend." + f.key, given, why, ""})
		}
	}
	return all
}

// find is the value at a path of keys, nil where there is none.
func (n *node) find(path string) *node {
	for key := range strings.SplitSeq(path, ".") {
		n = n.get(key)
	}
	return n
}

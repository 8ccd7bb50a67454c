package nginx

import (
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// otherLoad says whether a block is for what is no HTTP.
func otherLoad(d *nginxconf.Directive) bool {
	return d.HasBlock() && (d.Name() == "stream" || d.Name() == "mail")
}

// takenOut says why a directive cannot stay and is not missed, "" if it stays.
func (r *rewriter) takenOut(d *nginxconf.Directive) (why string, out bool) {
	name := d.Name()
	has := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
	if why, out := r.foreign(d); out {
		return why, true
	}
	switch {
	case otherLoad(d):
		return ": the lab's load is HTTP", true
	case slices.Contains([]string{"daemon", "user", "pid", "error_log"}, name):
		return "", true // an error_log left in a location would hide the very lines that are counted
	case has("proxy_ssl_") && !r.v.Backend.Secure():
		return ": the lab's backend speaks plain HTTP", true
	case name == "ssl" || has("ssl_"):
		return ": the lab's clients speak plain HTTP", true
	case slices.Contains([]string{"proxy_ssl_certificate", "proxy_ssl_certificate_key", "proxy_ssl_trusted_certificate",
		"proxy_ssl_crl", "proxy_ssl_verify", "proxy_ssl_verify_depth", "proxy_ssl_password_file"}, name):
		return ": the lab's backend has a certificate of its own", true
	case name == "keepalive" && d.Arg(1) == "0" && !r.poolsByDefault():
		return ": the lab's nginx has no pool unless one is asked for, and refuses 0", true
	case name == "load_module":
		return ": the lab's nginx has no such module", true
	case name == "http2" || has("http2_", "http3", "quic_", "brotli", "zstd",
		"more_set_", "more_clear_", "geoip", "vhost_traffic_status",
		"modsecurity", "pagespeed", "opentracing", "opentelemetry", "otel_"):
		return ": it decides on no upstream connection, and not every nginx has it", true
	case name == "access_log" && strings.HasPrefix(d.Arg(1), "syslog:"):
		return ": its host does not exist in the lab", true
	case name == "access_log" && d.Arg(1) != "off":
		return ": its directory may not exist in the lab", true
	case name == "resolver" && slices.ContainsFunc(d.Args(), named):
		return ": nginx looks its name up at the start, and it does not exist in the lab", true
	case has("auth_basic", "auth_jwt", "auth_ldap", "auth_pam") && d.Arg(1) != "off":
		return ": the lab's clients have no password", true
	case strings.HasSuffix(name, "_temp_path"):
		return ": its directory may not exist in the lab", true
	}
	return "", false
}

// poolsByDefault says whether the lab's nginx has a pool that nobody asked for.
func (r *rewriter) poolsByDefault() bool {
	pools, known := poolsByDefault(r.site.Version)
	return pools || !known
}

// everywhere takes out what the lab sets itself or does not have, at any depth.
// Entries of a map and the like are data, whatever they are called.
func (r *rewriter) everywhere(ds []*nginxconf.Directive) {
	listed := slices.ContainsFunc(ds, func(d *nginxconf.Directive) bool { return d.Name() == "allow" })
	for _, d := range ds {
		why, out := r.takenOut(d)
		if listed && (d.Name() == "allow" || d.Name() == "deny") {
			why, out = ": the lab's clients have other addresses", true
		}
		switch {
		case d.Kind == nginxconf.Lua && !out:
		case d.Name() == "include" && !d.HasBlock():
			r.include(d)
		case out:
			r.remove(d, why)
		case r.plainSet(d):
		case strings.HasSuffix(d.Name(), "_cache_path") && len(d.Words) > 1:
			r.word(d, d.Words[1], r.site.RunDir+"/cache-"+strings.Trim(strings.ReplaceAll(d.Arg(1), "/", "-"), "-"), "")
		case d.Kind == nginxconf.Data:
			for _, entry := range d.Block {
				if entry.Name() == "include" && !entry.HasBlock() {
					r.include(entry)
				}
			}
		default:
			r.everywhere(d.Block)
		}
	}
}

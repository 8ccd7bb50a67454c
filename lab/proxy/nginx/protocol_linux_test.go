package nginx

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/upstream"
	"github.com/lab99/lab99/scenarios"
)

// TestNginxAcceptsEachProtocol: with a pool and without, with several sources, and with tries
// at other peers.
func TestNginxAcceptsEachProtocol(t *testing.T) {
	needs.Root(t) // nginx -t makes the directories it was built to write to
	needs.Program(t, "netns", "nginx")
	for _, name := range upstream.Names() {
		for what, change := range map[string]func(*scenarios.Variant){
			"bare":      func(*scenarios.Variant) {},
			"pool":      func(v *scenarios.Variant) { v.Proxy.Keepalive, v.Proxy.KeepConn = 20, name == "fastcgi" },
			"sources":   func(v *scenarios.Variant) { v.Proxy.Addresses = 2 },
			"addresses": func(v *scenarios.Variant) { v.Backend.Addresses, v.Proxy.NextUpstream = 2, "error" },
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				v := variants(t, "quick")[0]
				v.Upstream.Protocol = name
				change(&v)
				if !accepts(t, v) {
					t.Error("it cannot be rendered")
				}
				conf := text(t, Kind{}, v, inDirectory(t.TempDir()))
				if !strings.Contains(conf, "\n            "+name+"_pass ") || strings.Contains(conf, "proxy_pass") ||
					strings.Contains(conf, "proxy_http_version") || strings.Contains(conf, "proxy_next_upstream") {
					t.Errorf("not of %s alone:\n%s", name, conf)
				}
			})
		}
	}
}

// TestAMissingModuleIsNamed: the package that has it, too.
func TestAMissingModuleIsNamed(t *testing.T) {
	for printed, want := range map[string]string{
		`nginx: [emerg] unknown directive "grpc_set_header" in /etc/lab/nginx.conf:61`: "ngx_http_grpc_module",
		`nginx: [emerg] unknown directive "uwsgi_pass" in /etc/lab/nginx.conf:61`:      "ngx_http_uwsgi_module",
		`nginx: [emerg] unknown directive "lua_code_cache" in /etc/lab/nginx.conf:61`:  "",
		`nginx: [emerg] bind() to 0.0.0.0:80 failed`:                                   "",
	} {
		if got := (Kind{}).Advice(printed); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q", printed, got)
		}
	}
}

// TestOwnConfigurationsAreForHTTP: what a file passes on by another protocol is not put under
// load, and a template may be.
func TestOwnConfigurationsAreForHTTP(t *testing.T) {
	v := own("events {} http { server { location / { fastcgi_pass 10.0.0.1:9000; } } }", 1)
	v.Upstream.Protocol = "fastcgi"
	_, err := Kind{}.Configure(v, site(v, ""))
	if err == nil || !strings.Contains(err.Error(), "upstream.protocol is fastcgi") {
		t.Errorf("%v", err)
	}
}

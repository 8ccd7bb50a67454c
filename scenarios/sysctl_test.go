package scenarios

import (
	"strings"
	"testing"
)

// TestMisspelt: what no kernel has is a mistake; what a kernel, a module or an
// interface may have is none.
func TestMisspelt(t *testing.T) {
	r, v := &Resolved{Name: "mine"}, Variant{Name: "reuse"}
	for _, name := range []string{
		"net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_tw_reuse_delay", "net.ipv4.ip_local_port_step_width",
		"net.ipv4.tcp_tw_recycle",
		"net.core.somaxconn", "net.ipv4.vs.conn_reuse_mode", "net.ipv4.conf.eth0.rp_filter",
		"net.netfilter.nf_conntrack_max",
		"net.sctp.rto_min",
	} {
		if err := Misspelt(r, v, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"net.ipv4.tcp_tw_resue":       "did you mean net.ipv4.tcp_tw_reuse?",
		"net.ipv4.tcp_tw_reuse_dealy": "did you mean net.ipv4.tcp_tw_reuse_delay?",
		"net.core.somaxcon":           "did you mean net.core.somaxconn?",
		"net.ipv4.somaxconn":          "sysctl -aN", // elsewhere there is one
	} {
		err := Misspelt(r, v, name)
		if err == nil || !strings.Contains(err.Error(), "mine: proxy.sysctls of reuse: ") ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

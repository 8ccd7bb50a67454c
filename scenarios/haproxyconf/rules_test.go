package haproxyconf

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestRules: what finds each rule, and what does not. A finding is its ID, level and place.
func TestRules(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"backend b\n server s 10.0.0.1:80\n", "tcp-mode-no-pool warning 1:9, retries-amplify note 1:9"},
		{
			"defaults\n mode tcp\n retries 0\nbackend b\n server s 10.0.0.1:80\nbackend c\n server s 10.0.0.1:80\n",
			"tcp-mode-no-pool warning 2:7",
		},
		{"backend b\n mode http\n server s 10.0.0.1:80\n", ""},
		{"backend b\n mode http\n retries 5\n server s 10.0.0.1:80\n", "retries-amplify note 3:10"},
		{"backend b\n retries 0\n option nolinger\n server s 10.0.0.1:80\n", "nolinger note 3:9"},
		{
			"backend b\n mode http\n http-reuse never\n option httpclose\n server s 10.0.0.1:80\n",
			"http-reuse-never note 3:13, http-server-close note 4:9",
		},
		{"backend b\n mode http\n source 10.1.0.1\n server s 10.0.0.1:80\n", "source-single-ip note 3:9"},
		{
			"backend b\n mode http\n server s 10.0.0.1:80 source 10.1.0.1\n server r 10.0.0.1:80 source 10.1.0.2\n",
			"",
		},
		{"backend b\n server s 10.0.0.1:80 source 10.1.0.1:100-199 maxconn 100\n", "own-port-list note 2:30"},
		{"backend b\n server s 10.0.0.1:80 source 10.1.0.1:100-199 maxconn 101\n", "own-port-list warning 2:30"},
		{"listen b\n maxconn 101\n server s 10.0.0.1:80 source 10.1.0.1:100-199\n", "own-port-list warning 3:30"},
		{"backend b\n mode http\n server s 10.0.0.1:80 maxconn 28232\n", ""},
		{
			"backend b\n mode http\n server s 10.0.0.1:80 maxconn 20000\n server r 10.0.0.1:80 maxconn 8233\n",
			"maxconn-over-ports warning 3:11, duplicate-address warning 4:11",
		},
		{
			"backend b\n retries 0\n server s 10.0.0.1:80 check\n",
			"tcp-mode-no-pool warning 1:9, checks-need-ports note 1:9",
		},
		{
			"backend b\n retries 0\n server s 10.0.0.1:80 weight 2\n server r 10.0.0.2:80\n",
			"tcp-mode-no-pool warning 1:9, uneven-servers warning 3:11",
		},
		{
			"backend b\n retries 0\n use-server r if x\n server s 10.0.0.1:80\n server r 10.0.0.2:80 weight 0\n",
			"tcp-mode-no-pool warning 1:9, use-server note 3:13",
		},
		{"backend b\n mode http\n use-server r if x\n server s 10.0.0.1:80\n server r 10.0.0.2:80 disabled\n", ""},
		{
			"backend b\n mode http\n server s localhost:80\n server r 127.9.9.9:80\n server q [::1]:80\n",
			"loopback-backend note 3:11, loopback-backend note 4:11, loopback-backend note 5:11",
		},
		{"backend b\n server s unix@/run/s\n", "unix-socket note 2:11"},
		{
			"backend b\n mode http\n server s \"$HOST:80\"\n server r 0.0.0.0:80\n server-template q 4 be.example:80\n",
			"address-unknown note 3:11, address-unknown note 4:11, address-unknown note 5:22",
		},
		{
			".if defined(X)\nbackend b\n mode http\n.else\n.endif\n server s 10.0.0.1:80\n",
			"condition-not-evaluated note 1:1",
		},
		{"backend b\n mode htpp\n", "haproxy-refuses error 2:7"},
		{
			"backend b\n mode http\n http-reuse sometimes\n retries x\n source 10.1.0.1:5-9\n server s\n",
			"haproxy-refuses error 3:13, haproxy-refuses error 4:10, haproxy-refuses error 5:9, " +
				"haproxy-refuses error 6:9",
		},
		{
			"frontend f\n default_backend c\n use_backend d if x\n use_backend %[path] if y\nbackend d\n",
			"haproxy-refuses error 2:18",
		},
		{"listen b\n bind :1\n retries 0\n dispatch 10.0.0.1:80\n", "tcp-mode-no-pool warning 1:8"},
		{"listen b\n bind :1\n mode http\n option transparent\n", "address-unknown note 4:9"},
		{"backend b\n mode http\n server-template s 3 10.0.0.1:80\n", "duplicate-address warning 3:22"},
		{
			"backend b\n mode http\n server s 10.0.0.1:80 source 0.0.0.0 usesrc clientip\n",
			"address-unknown note 3:30",
		},
		{
			"backend b\n mode http\n source 0.0.0.0 usesrc client\n server s 10.0.0.1:80\n",
			"address-unknown note 3:9",
		},
		{"listen b\n bind :1-2,:3\n mode http\n server s 10.0.0.1\n", "address-unknown note 4:11"},
		{"listen b\n bind :1,:2\n mode http\n server s 10.0.0.1:+8\n", "address-unknown note 4:11"},
		{"listen b\n bind :1\n mode http\n server s ${HOST}:80\n", "address-unknown note 4:11"},
		{"listen b\n bind :1\n mode http\n server s 10.0.0.1\n", ""},
		{"listen b\n bind :1-2\n mode http\n server s 10.0.0.1:80\n", ""},
		{
			"frontend f\n mode http\n default_backend b\n" +
				"backend b\n retries 0\n option nolinger\n server s 10.0.0.1:80\n",
			"haproxy-refuses error 3:18, nolinger note 6:9",
		},
		{"frontend f\n use_backend b if x\nbackend b\n mode http\n server s 10.0.0.1:80\n", ""},
		{"backend b from d\n mode http\n", "haproxy-refuses error 1:16"},
		{"backend b\n mode http", "haproxy-refuses error 2:2"},
		{"listen stats\n bind 127.0.0.1:1\n stats enable\n", ""},
	} {
		var got []string
		for _, f := range parse(t, c.text).Findings() {
			got = append(got, fmt.Sprintf("%s %s %d:%d", f.ID, f.Level, f.Line, f.Column))
		}
		if g := strings.Join(got, ", "); g != c.want {
			t.Errorf("%s\nis   %s\nwant %s", c.text, g, c.want)
		}
	}
}

// TestSaidOnce: a line of the defaults is told about once, with the backends that it is for.
func TestSaidOnce(t *testing.T) {
	found := parse(t, "defaults\n mode tcp\n retries 0\nbackend b\n server s 10.0.0.1:80\nbackend c\n"+
		" server s 10.0.0.1:80\n").Findings()
	if len(found) != 1 || !strings.HasPrefix(found[0].Text, "backends b and c: mode tcp (line 2) opens") {
		t.Errorf("%+v", found)
	}
}

// TestRulesAreApart: no ID stands twice.
func TestRulesAreApart(t *testing.T) {
	var ids []string
	for _, r := range rules {
		if slices.Contains(ids, r.ID) || (r.check == nil) == (r.file == nil) {
			t.Error(r.ID)
		}
		ids = append(ids, r.ID)
	}
}

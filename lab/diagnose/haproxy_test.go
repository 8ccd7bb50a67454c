package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// written is an end as a line of text.
func (e End) written() string {
	text := fmt.Sprintf("%s:%d %s", e.File, e.Line, e.Address)
	if e.Source {
		text = fmt.Sprintf("%s:%d from %s", e.File, e.Line, e.Address)
	}
	if e.Port {
		text += " one port"
	}
	if e.Low != 0 {
		text += fmt.Sprintf(" %d-%d", e.Low, e.High)
	}
	return text
}

// TestEndsOfAnHAProxy: a server's own source is before that of default-server, and that before
// that of the section, wherever it stands in it, and of its defaults.
func TestEndsOfAnHAProxy(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"of the section, after the server", "backend b\n server s 10.0.0.9:80\n source 10.0.0.5\n",
			[]string{"h:2 10.0.0.9", "h:3 from 10.0.0.5"}},
		{"of the server", "listen b\n source 10.0.0.5\n server s 10.0.0.9:80 check source 10.0.0.6 weight 3\n",
			[]string{"h:3 10.0.0.9", "h:3 from 10.0.0.6"}},
		{"of default-server", "backend b\n source 10.0.0.5\n default-server source 10.0.0.6 check\n server s 10.0.0.9:80\n",
			[]string{"h:3 from 10.0.0.6", "h:4 10.0.0.9"}},
		{"of the defaults before it",
			"defaults\n source 10.0.0.5\nbackend b\n server s x:80\ndefaults\nbackend c\n server s x:80\n",
			[]string{"h:2 from 10.0.0.5"}},
		{"of named defaults", "defaults one\n source 10.0.0.5\ndefaults two\n source 10.0.0.6\n" +
			"backend b from one\n server s x:80\n", []string{"h:2 from 10.0.0.5"}},
		{"of defaults from others", "defaults one\n source 10.0.0.5\ndefaults two from one\nbackend b\n server s x:80\n",
			[]string{"h:2 from 10.0.0.5"}},
		{"no server takes it", "backend b\n source 10.0.0.5\nfrontend f\n bind :80\n", nil},
		{"a server that is off", "backend b\n source 10.0.0.5\n server s 10.0.0.9:80 disabled\n", nil},
		{"one port, and a range", "backend b\n server s 10.0.0.9 source 10.0.0.5:4001\n" +
			" server s 10.0.0.9 source 10.0.0.5:4100-4199\n" +
			" server s 10.0.0.9 source 10.0.0.5:4100-4100\n",
			[]string{"h:2 10.0.0.9", "h:2 from 10.0.0.5 one port", "h:3 10.0.0.9", "h:3 from 10.0.0.5 4100-4199", "h:4 10.0.0.9",
				"h:4 from 10.0.0.5 one port"}},
		{"IPv6", "backend b\n server s ::1:81 source fd00::5:\n server s [fd00::9]:81\n server s ipv6@fd00::a:80\n",
			[]string{"h:2 ::1", "h:2 from fd00::5", "h:3 fd00::9", "h:4 fd00::a"}},
		{"any address", "backend b\n server s x:80 source *:4001\n server s x:80 source 0.0.0.0\n",
			[]string{"h:2 from 0.0.0.0 one port", "h:3 from 0.0.0.0"}},
		{"clients' addresses", "backend b\n source 10.0.0.5\n server s x:80 source 0.0.0.0 usesrc clientip\n" +
			" server s x:80 source 10.0.0.5 usesrc hdr_ip(x)\n", nil},
		{"an interface", "backend b\n source 10.0.0.5 interface eth1\n server s x:80\n", []string{"h:2 from 10.0.0.5"}},
		{"no IP", "backend b\n server s /run/s.sock\n server s unix@x source \"$IP\"\n server s abns@x\n" +
			" server s ${H}:80 source ${A}:1-2\n", nil},
		{"words", "backend b # source 10.0.0.1\n\tsource \"10.0.0.5\" # x\r\n" +
			" server 's \\' 10.0.0.9:80 source 10.0\\.0.6\n server t x:80\n",
			[]string{"h:2 from 10.0.0.5", "h:3 10.0.0.9", "h:3 from 10.0.0.6"}},
		{"a condition", "backend b\n.if defined(X)\n source 10.0.0.5\n.else\n source 10.0.0.6\n.endif\n" +
			" server s 10.0.0.9:80\n", []string{"h:7 10.0.0.9"}},
		{"nonsense", "source 1.1.1.1\nserver s 1.1.1.1\nbackend\nserver\nserver s\nserver s 1.1.1.1:80 source\nsource\n" +
			".endif\nlisten a from\n" +
			"server s 1.1.1.2:99999 source 1.1.1.3:9-1\nserver s x source 1.1.1.4:0-9\n",
			[]string{"h:6 1.1.1.1", "h:10 1.1.1.2", "h:10 from 1.1.1.3", "h:11 from 1.1.1.4"}},
	} {
		var got []string
		for _, e := range haproxyEnds([]haproxyText{{"h", c.text}}) {
			got = append(got, e.written())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	several := haproxyEnds([]haproxyText{
		{"a", "defaults\n source 10.0.0.5\nbackend b\n"},
		{"b", " server s 10.0.0.9:80\nbackend c\n server s x:80\n"},
	})
	if len(several) != 1 || several[0].written() != "a:2 from 10.0.0.5" {
		t.Errorf("%+v, want the defaults of the other file, and no section that goes on in another", several)
	}
}

// FuzzHAProxy: whatever a configuration has, its ends are addresses in its lines.
func FuzzHAProxy(f *testing.F) {
	f.Add("defaults d\n source 10.0.0.5\nbackend b from d\n default-server source ::1:\n" +
		" server s [::1]:80 source 10.0.0.5:1-2 # x\n.if x\n.endif\n")
	f.Add("listen x\nserver x [::0]:0 source 0.0.0.0:0-10\n")
	f.Add("listen l\nserver 'a b' \"10.0.0.9\":80 source *:9 usesrc client\\ ip\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		for _, e := range haproxyEnds([]haproxyText{{"a", text}, {"b", text}}) {
			if !e.Address.IsValid() || e.Line < 1 || e.Line > lines || e.Low > e.High || (e.Low == 0) != (e.High == 0) ||
				e.Port && e.Low != 0 {
				t.Errorf("%q: %+v", text, e)
			}
		}
	})
}

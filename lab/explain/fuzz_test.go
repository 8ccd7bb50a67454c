package explain

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// The words of errno 99 and of connect(), written down apart from the dialects.
var (
	says99 = regexp.MustCompile(`(?i)\b99\b|cannot[ _]assign[ _]requested[ _]address|address[ _]not[ ` +
		`_]available|addrnotavail|no free ports`)
	saysConnect = regexp.MustCompile(`(?i)connect`)
)

// FuzzRead holds any log against what must be true of every answer.
func FuzzRead(f *testing.F) {
	for _, lines := range real {
		for _, c := range lines {
			f.Add(c.line)
		}
	}
	for _, c := range wrapped {
		f.Add(c.line)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if n := int64(strings.Count(text, "\n")); l.Lines < n || l.Lines > n+1 {
			t.Errorf("%d lines, want %d or one more", l.Lines, n)
		}
		sum := l.LeftOut
		for _, g := range l.Groups() {
			sum += g.Count
			check(t, g)
		}
		if sum != l.Explained {
			t.Errorf("the groups have %d lines, and %d were explained", sum, l.Explained)
		}
		var out strings.Builder
		if err := l.Write(&out); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(out.String(), func(c rune) bool { return unicode.IsControl(c) && c != '\n' }); i >= 0 {
			t.Errorf("the text has a control character: %q", out.String())
		}
		if n := strings.Count(out.String(), "\n"); n > 50 {
			t.Errorf("%d lines are more than a screen", n)
		}
		// The property that matters most, of each line by itself.
		for line := range strings.Lines(text) {
			if len(line) > longest {
				continue
			}
			r := unwrap(line)
			e, ok := explain(r)
			if !ok || e.Cause.Answer != Yes {
				continue
			}
			all := strings.Join(append(r.other, r.text, r.after), "\n")
			if !says99.MatchString(all) || !saysConnect.MatchString(all) && !strings.Contains(strings.ToLower(all), "dial tcp") {
				t.Errorf("exhaustion without errno 99 of connect(): %q", line)
			}
		}
	})
}

// check holds one group against what must be true of each.
func check(t *testing.T, g *Group) {
	t.Helper()
	if g.Cause.Answer == Yes && (g.Call != CallConnect || g.Errno != errNotAvailable || g.Guess || boundPort(g.Source)) {
		t.Errorf("exhaustion: %+v", g.Reading)
	}
	if g.Errno == errNotAvailable && (g.Call == CallBind || g.Call == CallListen) && g.Cause.Answer != No {
		t.Errorf("errno 99 of %s is %s", g.Call, g.Cause.Answer)
	}
	if g.Why() == "" || g.Cause.Title == "" {
		t.Errorf("%s has no words", g.Cause.ID)
	}
	for _, s := range g.Next() {
		if c := masked(s.Command); c != "" && !commands[c] {
			t.Errorf("a command that is none of those known: %q, %q", s.Command, c)
		}
		if s.Text == "" {
			t.Errorf("%q does not say what it shows", s.Command)
		}
	}
}

var (
	quotedAddr = regexp.MustCompile(`'[0-9a-f.:\[\]]+'`)
	bareAddr   = regexp.MustCompile(`\b(get|to) [0-9a-f.:]+$`)
	portNumber = regexp.MustCompile(` :\d{1,5}'`)
)

// masked puts ADDRESS and PORT for what comes of a line.
func masked(command string) string {
	command = quotedAddr.ReplaceAllString(command, "'ADDRESS'")
	command = bareAddr.ReplaceAllString(command, "$1 ADDRESS")
	return portNumber.ReplaceAllString(command, " :PORT'")
}

// commands are all that may be shown. They are looked through by people, so a new
// one belongs here, too.
var commands = map[string]bool{
	"sudo lab99 diagnose": true,
	"ss -Htan dst 'ADDRESS' | awk '{print $1}' | sort | uniq -c":                     true,
	"ss -Htan src 'ADDRESS' | awk '{print $1}' | sort | uniq -c":                     true,
	"ss -Htan | awk '{print $1}' | sort | uniq -c":                                   true,
	"ss -Htan state time-wait | awk '{print $4}' | sort | uniq -c | sort -rn | head": true,
	"ss -Hltnp":                         true,
	"ss -Hltnp 'sport = :PORT'":         true,
	"ss -lx; sysctl net.core.somaxconn": true,
	"sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports net.ipv4.tcp_tw_reuse": true,
	"sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports":                       true,
	"sysctl net.inet.ip.portrange.first net.inet.ip.portrange.last":                              true,
	"ip -6 address; sysctl net.ipv6.conf.all.disable_ipv6":                                       true,
	"ip address":                                      true,
	"ip address show to ADDRESS":                      true,
	"ip route get ADDRESS":                            true,
	"ip route; ip -6 route":                           true,
	"nstat -az TcpExtTCPSynRetrans TcpExtTCPTimeouts": true,
	"conntrack -S; sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max": true,
	"cat /proc/PID/limits; ls /proc/PID/fd | wc -l":                                        true,
	"lab99 lint /etc/nginx/nginx.conf":                                                     true,
	"lab99 lint /etc/haproxy/haproxy.cfg":                                                  true,
	"lab99 predict --rate 1000 --proxy haproxy --mode tcp":                                 true,
	"lab99 predict --rate 1000":                                                            true,
	"lab99 predict --nat --rate 1000":                                                      true,
	"lab99 explain - < LOG":                                                                true,
}

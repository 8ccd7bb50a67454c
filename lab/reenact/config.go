package reenact

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// What an argument may be that is taken over from the host's configuration.
var (
	number   = regexp.MustCompile(`^\d{1,7}$`)
	duration = regexp.MustCompile(`^\d{1,7}(ms|[smhd])?$`)
	onOff    = regexp.MustCompile(`^(on|off)$`)
	failures = regexp.MustCompile(`^(error|timeout|invalid_header|` +
		`http_(500|502|503|504|403|404|429)|non_idempotent|off)$`)
)

// kept are the directives that decide on connections where a request is passed on, with
// what their arguments may be. Everything else is left out.
var kept = []struct {
	name string
	args *regexp.Regexp
}{
	{"proxy_connect_timeout", duration},
	{"proxy_send_timeout", duration},
	{"proxy_read_timeout", duration},
	{"proxy_next_upstream", failures},
	{"proxy_next_upstream_tries", number},
	{"proxy_next_upstream_timeout", duration},
	{"proxy_buffering", onOff},
	{"proxy_request_buffering", onOff},
	{"proxy_ignore_client_abort", onOff},
	{"proxy_socket_keepalive", onOff},
}

// written is a configuration for the lab, and the directives of the host's that it has
// anything of.
type written struct {
	text string
	used map[*nginxconf.Directive]bool
}

// configure writes the route anew: with a pool of so many connections, and each server so
// many times.
func (r *route) configure(pool, times int) written {
	w := written{used: map[*nginxconf.Directive]bool{}}
	var b strings.Builder
	say := func(indent int, format string, args ...any) {
		fmt.Fprintf(&b, strings.Repeat("    ", indent)+format+"\n", args...)
	}
	say(0, "# What decides on connections in the nginx.conf of a host, written anew: no name, address, path,")
	say(0, "# header or other text of it is in here. REMOVED.txt lists what was left out.")
	if d := r.atTop("worker_processes"); d != nil && (number.MatchString(d.Arg(1)) || d.Arg(1) == "auto") {
		w.used[d] = true
		say(0, "worker_processes %s;", d.Arg(1))
	}
	say(0, "")
	say(0, "events {")
	if d := r.atTop("events", "worker_connections"); d != nil && number.MatchString(d.Arg(1)) {
		w.used[d] = true
		say(1, "worker_connections %s;", d.Arg(1))
	}
	say(0, "}")
	say(0, "")
	say(0, "http {")
	if s := r.binds(); len(s) > 1 {
		say(1, `split_clients "$connection$connection_requests$msec" $source {`)
		for i, x := range s {
			share := percent(x.share) + "%%"
			if i == len(s)-1 {
				share = "*"
			}
			say(2, share+" 192.0.2.%d;", i+1)
		}
		say(1, "}")
		say(0, "")
	}
	say(1, "upstream backend {")
	for _, line := range r.group(w, times) {
		say(2, "%s", line)
	}
	if pool > 0 {
		say(2, "keepalive %d;", pool)
		say(2, "keepalive_requests 1000000;  # the backend's own limit ends a connection first")
	} else {
		say(2, "keepalive 0;  # from nginx 1.29.7 on a group pools unless told not to; "+
			"the lab has it out for older ones")
	}
	say(1, "}")
	say(0, "")
	say(1, "server {")
	say(2, "listen 80;")
	say(0, "")
	say(2, "location / {")
	say(3, "proxy_pass http://backend;")
	say(3, "proxy_http_version 1.1;  # with an empty Connection header nginx closes first, unless there is a pool")
	say(3, `proxy_set_header Connection "";`)
	if len(r.binds()) > 1 {
		w.used[r.Bind.Directive], w.used[r.Bind.By] = true, true
		say(3, "proxy_bind $source;")
	}
	for _, k := range kept {
		if line := r.line(w, k.name, k.args); line != "" {
			say(3, "%s", line)
		}
	}
	say(2, "}")
	say(1, "}")
	say(0, "}")
	w.text = b.String()
	return w
}

// line is a directive in force as the lab gets it; "" where there is none, or it is more
// than it may be. All take one argument, but for the list of failures.
func (r *route) line(w written, name string, args *regexp.Regexp) string {
	d := r.InForce(name)
	if d == nil || d.HasBlock() || len(d.Words) < 2 || len(d.Words) > 2 && args != failures {
		return ""
	}
	other := func(a nginxconf.Word) bool { return !args.MatchString(a.Text) }
	if slices.ContainsFunc(d.Args(), other) {
		return ""
	}
	w.used[d] = true
	words := []string{name}
	for _, a := range d.Args() {
		words = append(words, a.Text)
	}
	return strings.Join(words, " ") + ";"
}

// group is what is in the upstream block: how it chooses, and the servers, each address
// once. Where a key decides (hash, ip_hash) it becomes round robin, since in the lab all
// requests have the same.
func (r *route) group(w written, times int) (lines []string) {
	u := r.Upstream
	if u.Zone {
		lines = append(lines, "zone backend 64k;")
	}
	switch u.Method {
	case nginxconf.LeastConn:
		lines = append(lines, "least_conn;")
	case nginxconf.Random:
		lines = append(lines, "random;")
	}
	peers := r.peers()
	if u.Directive != nil {
		r.useGroup(w)
	}
	weighted := slices.ContainsFunc(peers, func(p nginxconf.Peer) bool { return p.Weight != peers[0].Weight })
	n := 0
	for _, p := range peers {
		for range times {
			n++
			lines = append(lines, fmt.Sprintf("server backend%d:8080%s;",
				n, parameters(p, weighted, u.Directive == nil)))
		}
	}
	return lines
}

// peers are the servers that may get a request, each address once.
func (r *route) peers() (all []nginxconf.Peer) {
	for _, p := range r.Upstream.Peers {
		same := func(x nginxconf.Peer) bool { return x.Destination() == p.Destination() && x.Backup == p.Backup }
		if i := slices.IndexFunc(all, same); i >= 0 && !p.Down {
			all[i].Weight += p.Weight
		} else if !p.Unix && !p.Down {
			all = append(all, p)
		}
	}
	return all
}

// useGroup notes what of an upstream block is written.
func (r *route) useGroup(w written) {
	for _, p := range r.peers() {
		w.used[p.Directive] = true
	}
	if d := r.Pool.Directive; d != nil && r.Pool.Size > 0 {
		w.used[d] = true
	}
	for _, d := range r.Upstream.Directive.Block {
		w.used[d] = w.used[d] || slices.Contains([]string{"zone", "least_conn", "random"}, d.Name())
	}
}

const heaviest = 1_000_000 // weight that is written

// parameters are those of a server that decide which peer a request is tried at.
func parameters(p nginxconf.Peer, weighted, bare bool) string {
	text := ""
	if weighted {
		text += " weight=" + strconv.Itoa(min(max(p.Weight, 1), heaviest))
	}
	if !bare {
		text += fmt.Sprintf(" max_fails=%d", max(p.MaxFails, 0))
		if p.MaxFails > 0 {
			text += " fail_timeout=" + secondsOf(p.FailTimeout)
		}
	}
	if p.MaxConns > 0 {
		text += " max_conns=" + strconv.Itoa(p.MaxConns)
	}
	if p.Backup {
		text += " backup"
	}
	return text
}

// secondsOf is a time as nginx reads it; a day has to do.
func secondsOf(d time.Duration) string {
	d = min(max(d, 0), 24*time.Hour)
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d/time.Millisecond)
}

// atTop is a directive of the main level, or of a block there; nil: there is none.
func (r *route) atTop(path ...string) (found *nginxconf.Directive) {
	var look func(ds []*nginxconf.Directive, path []string)
	look = func(ds []*nginxconf.Directive, path []string) {
		for _, d := range ds {
			for _, t := range d.Included {
				look(t.Root, path)
			}
			switch {
			case d.Name() != path[0]:
			case len(path) == 1 && !d.HasBlock():
				found = cmp.Or(found, d)
			case len(path) > 1:
				look(d.Block, path[1:])
			}
		}
	}
	look(r.config.Files[0].Root, path)
	return found
}

package squid

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/ownfile"
	"github.com/lab99/lab99/scenarios"
)

// labFile is the lab's own part: it includes the user's, and has the last word.
const labFile = "lab.conf"

// conf is a squid.conf of the user's own, with what it includes.
type conf struct {
	*ownfile.Files
	lines []ownfile.Line
	port  *ownfile.Line // the http_port that takes the load
	peers []ownfile.Line
}

// language is Squid's: quotes mean files to it, and are no quotes here.
var language = ownfile.Language{Inline: true}

// Adopt reads a squid.conf of the user's own, of an accelerator, and puts the lab's addresses
// in.
func (Kind) Adopt(v scenarios.Variant, at proxy.Site) (*proxy.Adopted, error) {
	c := &conf{Files: ownfile.New(v, at, "/etc/squid", "/etc/squid3", "/usr/local/squid/etc")}
	if err := c.read(c.Main); err != nil {
		return nil, err
	}
	if err := c.accelerates(); err != nil {
		return nil, err
	}
	a := &proxy.Adopted{Laws: reuses(), Words: "reuses connections, but not for POST"}
	a.Own.Passed = true
	for _, p := range c.peers {
		a.Own.Routes = append(a.Own.Routes, fmt.Sprintf("%v: cache_peer %s:%s", p.Span, p.Arg(1), p.Arg(3)))
	}
	a.Own.Answer = fmt.Sprintf("the load reaches %s (%v), by %s", destination(c.peers[0]), c.peers[0].Span, c.port.Span)
	if err := c.conduct(a, v.Load.Method); err != nil {
		return nil, err
	}
	c.rewrite(at)
	c.Added[path.Join(at.Dir, labFile)] = last(at)
	a.Config = c.Config()
	a.File, a.Command = confFile, []string{at.Program, "-f", path.Join(at.Dir, labFile)}
	a.Serve = []string{"-N", "-d", "1"}
	return a, nil
}

// read takes in the lines of a file, and of those that it includes.
func (c *conf) read(f *ownfile.File) error {
	lines, err := f.Lines(language)
	if err != nil {
		return err
	}
	for _, l := range lines {
		switch l.Name() {
		case "if", "else", "endif":
			return l.Mistake(fmt.Sprintf("%q is not read: lines without conditions were expected", l.Name()),
				"leave in what holds for the first process")
		case "configuration_includes_quoted_values":
			if l.Arg(1) == "on" {
				return l.Mistake("quoted values are not read",
					"leave the line out, and write the values without quotes")
			}
		case "include":
			if len(l.Words) != 2 {
				return l.Mistake("one file, or one pattern, was expected behind include", "write a line for each")
			}
			files, to, why, err := c.Include(l.Span, l.Arg(1))
			if err != nil {
				return err
			}
			if why != "" {
				l.Drop("%s is left out: %s", l.Text(), why)
				continue
			}
			l.Words[1].Become(to)
			for _, f := range files {
				if err := c.read(f); err != nil {
					return err
				}
			}
		default:
			c.lines = append(c.lines, l)
		}
	}
	return nil
}

// accelerates finds the port and the peers: Squid in front of servers is what is run.
func (c *conf) accelerates() error {
	var other *ownfile.Line
	for i, l := range c.lines {
		switch l.Name() {
		case "http_port", "https_port":
			accel := slices.ContainsFunc(l.Words, func(w ownfile.Word) bool {
				option, _, _ := strings.Cut(w.Value, "=")
				return slices.Contains([]string{"accel", "vhost", "defaultsite", "vport"}, option)
			})
			if other = &c.lines[i]; accel && c.port == nil {
				c.port = other
			}
		case "cache_peer":
			if len(l.Words) < 5 {
				return l.Mistake("cache_peer HOST TYPE HTTP-PORT ICP-PORT was expected",
					"such as cache_peer 10.0.0.1 parent 80 0 no-query originserver")
			}
			if l.Arg(2) == "parent" {
				c.peers = append(c.peers, l)
			}
		}
	}
	switch {
	case c.port == nil && other != nil:
		return other.Mistake("Squid as an accelerator is what is put under load, and no http_port has accel",
			"add accel defaultsite=HOST, and a cache_peer for the backend")
	case c.port == nil:
		return ownfile.Span{File: c.Main}.Mistake("it has no http_port with accel",
			"http_port 80 accel defaultsite=HOST was expected")
	case len(c.peers) == 0:
		return c.port.Mistake("no cache_peer of type parent is behind this port",
			"add cache_peer BACKEND parent 80 0 no-query originserver")
	}
	return nil
}

func destination(peer ownfile.Line) string { return peer.Arg(1) + ":" + peer.Arg(3) }

// option is the value of an option of a peer; there says whether it has it.
func option(peer ownfile.Line, name string) (w ownfile.Word, value string, there bool) {
	for _, w := range peer.Words[5:] {
		if key, value, _ := strings.Cut(w.Value, "="); key == name {
			return w, value, true
		}
	}
	return w, "", false
}

// conduct says what it does to connections.
func (c *conf) conduct(a *proxy.Adopted, method string) error {
	why := func(at ownfile.Span, text string) {
		if a.Own.Unknown == "" {
			a.Own.Unknown = fmt.Sprintf("%v: %s", at, text)
		}
	}
	cached := true
	for _, l := range c.lines {
		switch l.Name() {
		case "server_persistent_connections":
			if l.Arg(1) == "off" {
				fails := a.Laws.Fails
				a.Laws, a.Words = perRequest(), "server_persistent_connections off"
				a.Laws.Fails = fails
			}
		case "server_pconn_for_nonretriable":
			if l.Arg(1) == "allow" && l.Arg(2) == "all" {
				a.Laws.RepeatableOnly, a.Words = false, "reuses connections for all requests"
			} else if method == "POST" && l.Arg(1) == "allow" {
				why(l.Span, "which requests take a connection again is decided for each")
			}
		case "tcp_outgoing_address":
			why(l.Span, "an address of its own to connect from")
		case "connect_retries":
			if n, err := strconv.Atoi(l.Arg(1)); err != nil || n > 0 {
				why(l.Span, "how often it tries again")
			}
		case "cache":
			if l.Arg(1) == "deny" && l.Arg(2) == "all" {
				cached = false
			}
		}
	}
	if cached && method != "POST" {
		a.Own.Cached = "Squid may answer from its cache: with --set load.method=POST each request goes to the backend"
	}
	seen := map[string]bool{}
	turns := true
	for _, p := range c.peers {
		seen[destination(p)] = true
		_, _, round := option(p, "round-robin")
		_, _, weight := option(p, "weight")
		turns = turns && round && !weight
		if w, value, ok := option(p, "connect-fail-limit"); ok {
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return w.Mistake(fmt.Sprintf("%s: a number from 1 was expected", w.Value),
					"such as connect-fail-limit=10")
			}
			a.Laws.Fails = n
		}
		a.Own.Loopback = a.Own.Loopback || ownfile.Loopback(p.Arg(1))
	}
	a.Own.Servers = len(seen)
	if kept := a.Laws.For(method).Idle > 0; len(seen) > 1 && (!turns || !kept) {
		why(c.peers[0].Span, "which peer a request goes to, and what follows a failure, the others decide with it")
	}
	return nil
}

// unwanted are directives that the lab sets itself, or whose files, names and programs its
// hosts do not have. One that ends in * stands for all that begin so.
var unwanted = []string{
	"http_access", "http_access2", "never_direct", "always_direct", "cache_peer_access", "icp_access",
	"htcp_access", "miss_access", "reply_header_access", "access_log", "cache_log", "cache_store_log",
	"logfile_rotate", "pid_filename", "cache_dir", "coredump_dir", "cache_effective_user",
	"cache_effective_group", "workers", "visible_hostname", "unique_hostname", "dns_*", "pinger_*",
	"shutdown_lifetime", "chroot", "auth_param", "external_acl_type", "url_rewrite_*", "store_id_*",
	"redirect*", "icap_*", "adaptation_*", "ecap_*", "ssl*", "tls_*", "snmp_*", "error_directory",
	"err_page_stylesheet", "icon_directory", "mime_table", "unlinkd_program", "diskd_program", "logformat",
	"hosts_file", "icp_port", "htcp_port", "client_lifetime", "debug_options", "netdb_filename", "delay_*",
	"mail_*", "tcp_outgoing_tos", "https_port", "deny_info",
}

// rewrite puts the lab's addresses in, and takes out what the lab does not have.
func (c *conf) rewrite(at proxy.Site) {
	for i := range c.lines {
		l := c.lines[i]
		switch name := l.Name(); {
		case name == "http_port" || name == "https_port":
			if l.Start != c.port.Start || l.File != c.port.File {
				l.Drop("")
				continue
			}
			text := "http_port " + at.Listen.String()
			for _, w := range l.Words[min(2, len(l.Words)):] {
				if key, _, _ := strings.Cut(w.Value, "="); !secret(key) {
					text += " " + w.Value
				}
			}
			l.Become(text)
		case name == "cache_peer":
			if l.Arg(2) != "parent" {
				l.Drop("")
				continue
			}
			c.peer(l)
		case name == "tcp_outgoing_address" && len(l.Words) > 1:
			l.Words[1].Become(at.Listen.Addr().String())
		case name == "acl" && strings.HasPrefix(l.Arg(3), `"`):
			l.Drop("acl %s is left out: the lab does not have its file", l.Arg(1))
		case slices.ContainsFunc(unwanted, func(u string) bool {
			prefix, all := strings.CutSuffix(u, "*")
			return u == name || all && strings.HasPrefix(name, prefix)
		}):
			l.Drop("")
		}
	}
	c.Note("the lab's %s includes it and has the last word: access for all, logs, user, one process, no disk", labFile)
}

// peer puts the lab's backend in place of one of the file's.
func (c *conf) peer(l ownfile.Line) {
	to := c.Backend(destination(l))
	text := fmt.Sprintf("cache_peer %s parent %d 0", to.Addr(), to.Port())
	named := false
	for _, w := range l.Words[5:] {
		key, _, _ := strings.Cut(w.Value, "=")
		named = named || key == "name"
		if !secret(key) {
			text += " " + w.Value
		}
	}
	for _, word := range []string{"no-query", "no-digest"} { // the lab has no such ports
		if _, _, there := option(l, word); !there {
			text += " " + word
		}
	}
	if !named {
		text += " name=" + l.Arg(1) + ":" + l.Arg(3)
	}
	l.Become(text)
}

// secrets are the options about TLS that do not begin so.
var secrets = []string{
	"cert", "key", "cipher", "options", "clientca", "cafile", "capath", "crlfile", "dhparams",
	"generate-host-certificates", "login", "dynamic_cert_mem_cache_size", "front-end-https",
}

// secret says whether an option of a port or a peer is about TLS, which the lab has none of.
func secret(key string) bool {
	return strings.HasPrefix(key, "ssl") || strings.HasPrefix(key, "tls") || slices.Contains(secrets, key)
}

// last is the lab's own part.
func last(at proxy.Site) []byte {
	return fmt.Appendf(nil, `# The lab's, behind a configuration of the user's own.
include %s
never_direct allow all
http_access allow all
cache_effective_user nobody
cache_log /dev/null
access_log none
pid_filename none
coredump_dir none
workers 1
visible_hostname lab99
dns_nameservers 127.0.0.1
pinger_enable off
client_lifetime 1 day
shutdown_lifetime 0 seconds
`, path.Join(at.Dir, confFile))
}

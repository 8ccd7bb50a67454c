package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// The bounds of a scenario. They keep a typing error from loading a machine
// for hours; nothing in the physics needs them.
const (
	maxRate        = 100_000 // requests per second
	maxConnections = 8192
	maxAddresses   = 64
	maxWorkers     = 64

	firstPort    = 20000 // of a range given by its size
	defaultLow   = 32768 // the kernel's default range, net.ipv4.ip_local_port_range
	defaultHigh  = 60999
	lowestPort   = 1024 // ip_unprivileged_port_start: the kernel refuses a range that begins below it
	highestPort  = 65535
	maxPorts     = defaultLow - firstPort
	portRangeKey = "net.ipv4.ip_local_port_range"
)

// MaxDuration is the longest load a scenario may ask for.
const MaxDuration = 30 * time.Minute

// overlayKeys are the fields that a size, a variant or --set may change.
var overlayKeys = []string{"ports", "rate", "duration", "proxy", "backend", "load", "bystander", "expect"}

var (
	nameRE   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	sysctlRE = regexp.MustCompile(`^net(\.[a-zA-Z0-9_-]+)+$`)
	imageRE  = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._:/@-]*$`)
)

// decoder turns a merged tree into a Variant and notes every mistake on the
// way; a field it could not read keeps its default.
type decoder struct {
	report
}

// variant decodes a tree. where is blamed for what is missing altogether.
func (d *decoder) variant(tree *node, where position) Variant {
	var v Variant
	d.fields(tree, "", overlayKeys...)
	v.Ports = d.ports(tree.get("ports"))
	v.Rate = d.rate(tree.get("rate"))
	v.Duration = d.duration(tree.get("duration"), "duration", 0, 100*time.Millisecond, MaxDuration)
	v.DurationSet = tree.get("duration").set()
	for _, key := range []string{"ports", "rate", "duration"} {
		if tree.get(key) == nil {
			d.add(where.error(key+" is missing", "set it in the size or at the top level"))
		}
	}
	v.Proxy = d.proxy(tree.get("proxy"))
	v.Backend = d.backend(tree.get("backend"))
	v.Load = d.load(tree.get("load"))
	if untimed, timed := untimedParts(v.Load.Profile); untimed > 1 || untimed == 1 && timed >= v.Duration && v.Duration > 0 {
		d.add(tree.get("load").get("profile").at.error(fmt.Sprintf("load.profile has %d parts without a time, which get what %s of a load of %s leave", untimed, timed, v.Duration),
			"only one part but the last may leave its time out, and the others must be shorter than the load"))
	}
	if reuse := v.Proxy.Sysctls["net.ipv4.tcp_tw_reuse"]; v.Backend.Place == PlaceBoth && reuse != "0" && reuse != "1" {
		d.add(tree.get("backend").get("place").at.error("backend.place: both needs net.ipv4.tcp_tw_reuse set to 0 or 1", "2, the kernel's default, is about 127.0.0.1 only, and no law is here for the two together"))
	}

	v.Bystander = d.boolean(tree.get("bystander"), "bystander", false)

	expect := tree.get("expect")
	d.fields(expect, "expect", "verdict", "measured")
	v.Expect.Measured = d.claims(expect.get("measured"))
	v.Expect.Set = expect.get("verdict").set()
	v.Expect.Verdict = d.word(expect.get("verdict"), "expect.verdict", law.Predicted,
		law.Predicted, law.Reproduced, law.Collapsed, law.Mitigated, law.Postponed, law.NotReproduced)
	return v
}

func (d *decoder) proxy(n *node) Proxy {
	d.fields(n, "proxy", "image", "config", "sysctls", "keepalive", "keepalive_timeout", "workers", "http", "upstream_block", "addresses",
		"max_fails", "fail_timeout", "next_upstream", "worker_connections", "open_files", "reuseport")
	return Proxy{
		Image:     d.image(n.get("image"), "proxy.image", "nginx:1.30"),
		Config:    d.text(n.get("config"), "proxy.config", ""),
		Sysctls:   d.sysctls(n.get("sysctls")),
		Keepalive: d.integer(n.get("keepalive"), "proxy.keepalive", 0, 0, maxConnections),
		Workers:   d.integer(n.get("workers"), "proxy.workers", 1, 1, maxWorkers),

		HTTP:         d.word(n.get("http"), "proxy.http", HTTP11, HTTP11, HTTP10, HTTPDefault),
		Group:        d.boolean(n.get("upstream_block"), "proxy.upstream_block", false),
		Addresses:    d.integer(n.get("addresses"), "proxy.addresses", 1, 1, maxAddresses),
		MaxFails:     d.integer(n.get("max_fails"), "proxy.max_fails", 0, 0, 1000),
		FailTimeout:  d.duration(n.get("fail_timeout"), "proxy.fail_timeout", 10*time.Second, time.Second, time.Hour),
		NextUpstream: d.directive(n.get("next_upstream"), "proxy.next_upstream", "off"),

		KeepaliveTimeout:  d.duration(n.get("keepalive_timeout"), "proxy.keepalive_timeout", time.Minute, time.Millisecond, 24*time.Hour),
		WorkerConnections: d.integer(n.get("worker_connections"), "proxy.worker_connections", 0, 0, 1_000_000),
		OpenFiles:         d.integer(n.get("open_files"), "proxy.open_files", 0, 0, 1_000_000),
		Reuseport:         d.boolean(n.get("reuseport"), "proxy.reuseport", false),
	}
}

func (d *decoder) backend(n *node) Backend {
	d.fields(n, "backend", "kind", "image", "config", "place", "addresses", "ports", "repeat", "tls", "keepalive", "keepalive_requests",
		"keepalive_timeout", "mpm", "max_workers", "delay", "close_delay")
	b := Backend{Kind: d.word(n.get("kind"), "backend.kind", BackendHttpd, BackendHttpd, BackendNginx, BackendAgent)}
	image := "httpd:2.4"
	if b.Kind == BackendNginx {
		image = "nginx:1.30"
		if n.get("config") == nil {
			d.add(n.get("kind").at.error("backend.kind is nginx, and backend.config is missing", "the lab brings a configuration of its own for httpd only: name a file"))
		}
	}
	b.Image = d.image(n.get("image"), "backend.image", image)
	b.Config = d.text(n.get("config"), "backend.config", "")
	b.Addresses = d.integer(n.get("addresses"), "backend.addresses", 1, 1, maxAddresses)
	b.KeepAlive = d.boolean(n.get("keepalive"), "backend.keepalive", true)
	b.KeepAliveRequests = d.integer(n.get("keepalive_requests"), "backend.keepalive_requests", 600, 0, 1_000_000_000)
	b.KeepAliveTimeout = d.duration(n.get("keepalive_timeout"), "backend.keepalive_timeout", 100*time.Second, time.Millisecond, 24*time.Hour)
	b.Place = d.word(n.get("place"), "backend.place", PlaceOwn, PlaceOwn, PlaceProxy, PlaceLoopback, PlaceBoth, PlaceUnix)
	b.Ports = d.integer(n.get("ports"), "backend.ports", 1, 1, maxAddresses)
	b.Repeat = d.integer(n.get("repeat"), "backend.repeat", 1, 1, maxAddresses)
	b.TLS = d.word(n.get("tls"), "backend.tls", TLSOff, TLSOff, TLSOn, TLSUnclean)
	b.MPM = d.word(n.get("mpm"), "backend.mpm", MPMEvent, MPMEvent, MPMPrefork)
	b.MaxWorkers = d.integer(n.get("max_workers"), "backend.max_workers", 0, 0, 20_000)
	b.Delay = d.duration(n.get("delay"), "backend.delay", 0, 0, 10*time.Minute)
	b.CloseDelay = d.duration(n.get("close_delay"), "backend.close_delay", 0, 0, 10*time.Minute)
	d.backendFits(n, b)
	if b.Place == PlaceBoth {
		b.Addresses = 2
	}
	return b
}

// backendFits refuses what one kind of backend, or one place, cannot do.
func (d *decoder) backendFits(n *node, b Backend) {
	agent := b.Kind == BackendAgent
	for _, f := range []struct {
		key       string
		wrong     bool
		msg, hint string
	}{
		{"delay", !agent && b.Delay > 0, "backend.delay needs backend.kind: agent", "Apache has no such delay; the lab's own backend has"},
		{"close_delay", !agent && b.CloseDelay > 0, "backend.close_delay needs backend.kind: agent", "Apache has no such delay; the lab's own backend has"},
		{"tls", agent && b.Secure(), "backend.tls needs backend.kind: httpd", "the lab's own backend speaks plain HTTP"},
		{"place", !agent && b.Place == PlaceUnix, "backend.place: unix needs backend.kind: agent", "Apache cannot listen on a Unix-domain socket"},
		{"addresses", b.Place != PlaceOwn && b.Addresses > 1, "backend.addresses is over 1 with backend.place: " + b.Place, "only a host of its own has several"},
	} {
		if f.wrong {
			at := n.at
			if c := n.get(f.key); c != nil {
				at = c.at
			}
			d.add(at.error(f.msg, f.hint))
		}
	}
}

var directiveRE = regexp.MustCompile(`^[a-z0-9_]+( [a-z0-9_]+)*$`)

// directive reads words that go into nginx's configuration as they are.
func (d *decoder) directive(n *node, path, def string) string {
	s := d.text(n, path, def)
	if n != nil && s != def && !directiveRE.MatchString(s) {
		d.add(n.at.error(fmt.Sprintf("%s is %q, want nginx's words, such as error timeout", path, s), ""))
		return def
	}
	return s
}

func (d *decoder) load(n *node) LoadSpec {
	d.fields(n, "load", "connections", "stop", "timeout", "path", "method", "profile")
	l := LoadSpec{
		Connections: d.integer(n.get("connections"), "load.connections", 64, 1, maxConnections),
		Timeout:     d.duration(n.get("timeout"), "load.timeout", 5*time.Second, time.Millisecond, 10*time.Minute),
		Path:        d.text(n.get("path"), "load.path", "/"),
		Method:      d.word(n.get("method"), "load.method", "GET", "GET", "HEAD", "POST", "PUT", "DELETE"),
		Profile:     d.text(n.get("profile"), "load.profile", ""),
	}
	if p := n.get("path"); p != nil && (!strings.HasPrefix(l.Path, "/") || strings.ContainsAny(l.Path, " \t\r\n#")) {
		d.add(p.at.error(fmt.Sprintf("load.path is %q, want an absolute request path such as / or /a?b=c", l.Path), ""))
	}
	stop := n.get("stop")
	if stop != nil && stop.kind == scalar {
		d.word(stop, "load.stop", "none", "none")
		return l
	}
	if stop != nil && stop.kind != mapping {
		d.add(stop.at.error("load.stop is "+stop.kind.String()+", want none or {after_error_99: 5s}", ""))
		return l
	}
	d.fields(stop, "load.stop", "after_error_99")
	after := d.duration(stop.get("after_error_99"), "load.stop.after_error_99", 5*time.Second, 0, MaxDuration)
	l.StopAfterError99 = &after
	return l
}

func (d *decoder) sysctls(n *node) map[string]string {
	m := map[string]string{}
	if n == nil {
		return m
	}
	if n.kind != mapping {
		d.add(n.at.error("proxy.sysctls is "+n.kind.String()+", want a mapping of sysctl names to values", "for example {net.ipv4.tcp_tw_reuse: 1}"))
		return m
	}
	for _, e := range n.entries {
		switch {
		case e.key == portRangeKey:
			d.add(e.at.error(portRangeKey+" follows `ports`, so that predictions know it", "set ports: 500, ports: default, or ports: 1024-65535"))
		case !sysctlRE.MatchString(e.key):
			d.add(e.at.error(fmt.Sprintf("%q is not a sysctl of a network namespace", e.key), "only net.* can differ between the proxy and the machine, such as net.ipv4.tcp_tw_reuse"))
		default:
			if s := d.text(e.val, "proxy.sysctls."+e.key, ""); s != "" {
				m[e.key] = s
			}
		}
	}
	return m
}

func (d *decoder) ports(n *node) Ports {
	def := Ports{defaultLow, defaultHigh, true}
	if !d.isScalar(n, "ports", "a number of ports") || n.text == "default" {
		return def
	}
	if low, high, ok := strings.Cut(n.text, "-"); ok && low != "" {
		l, err1 := strconv.Atoi(low)
		h, err2 := strconv.Atoi(high)
		if err1 == nil && err2 == nil && lowestPort <= l && l <= h && h <= highestPort {
			return Ports{Low: l, High: h}
		}
		d.add(n.at.error(fmt.Sprintf("ports is %s, want LOW-HIGH within %d-%d", n.text, lowestPort, highestPort), ""))
		return def
	}
	p, err := strconv.Atoi(n.text)
	switch {
	case err != nil || n.quoted:
		d.add(n.at.error(fmt.Sprintf("ports is %q, want a number of ports, default, or LOW-HIGH", n.text), unquote(n, "for example 500: the range 20000-20499")))
	case p < 1 || p > maxPorts:
		d.add(n.at.error(fmt.Sprintf("ports is %d, want 1 to %d", p, maxPorts),
			fmt.Sprintf("a range given by its size starts at %d and stays below the kernel's default range; `default` is that one (%d-%d, %d ports), and LOW-HIGH, such as 1024-65535, any other",
				firstPort, defaultLow, defaultHigh, def.N())))
	default:
		return Ports{Low: firstPort, High: firstPort + p - 1}
	}
	return def
}

func (d *decoder) rate(n *node) float64 {
	if !d.isScalar(n, "rate", "requests per second") {
		return 0
	}
	r, err := strconv.ParseFloat(n.text, 64)
	if err != nil || n.quoted {
		d.add(n.at.error(fmt.Sprintf("rate is %q, want a number of requests per second", n.text), unquote(n, "for example 200; a variant may say 10x, ten times the scenario's")))
		return 0
	}
	if !(r > 0 && r <= maxRate) { // written so that NaN fails
		d.add(n.at.error(fmt.Sprintf("rate is %s, want more than 0 and at most %d requests per second", n.text, maxRate), ""))
	}
	return r
}

// unquote is the hint for a number in quotes, which is a string.
func unquote(n *node, hint string) string {
	if n.quoted {
		return "write it without quotes"
	}
	return hint
}

// fields checks that a node is a mapping of known keys.
func (d *decoder) fields(n *node, path string, known ...string) {
	if n == nil {
		return
	}
	if n.kind != mapping {
		d.add(n.at.error(fmt.Sprintf("%s is %s, want a mapping", path, n.kind), "known here: "+strings.Join(known, ", ")))
		return
	}
	for _, e := range n.entries {
		if !slices.Contains(known, e.key) {
			where := ""
			if path != "" {
				where = " in " + path
			}
			d.add(e.at.error(fmt.Sprintf("unknown key %q%s", e.key, where), didYouMean(e.key, known)))
		}
	}
}

// isScalar says whether there is a plain value to read; want words what belongs
// there instead.
func (d *decoder) isScalar(n *node, path, want string) bool {
	if n == nil {
		return false
	}
	if n.kind != scalar || n.text == "" {
		got := n.kind.String()
		if n.kind == scalar {
			got = "empty"
		}
		d.add(n.at.error(fmt.Sprintf("%s is %s, want %s", path, got, want), ""))
		return false
	}
	return true
}

func (d *decoder) integer(n *node, path string, def, low, high int) int {
	if !d.isScalar(n, path, "a whole number") {
		return def
	}
	i, err := strconv.Atoi(n.text)
	if err != nil || n.quoted {
		d.add(n.at.error(fmt.Sprintf("%s is %q, want a whole number", path, n.text), unquote(n, "")))
		return def
	}
	if i < low || i > high {
		d.add(n.at.error(fmt.Sprintf("%s is %d, want %d to %d", path, i, low, high), ""))
	}
	return i
}

func (d *decoder) duration(n *node, path string, def, low, high time.Duration) time.Duration {
	if !d.isScalar(n, path, "a duration such as 10s") {
		return def
	}
	t, err := time.ParseDuration(n.text)
	if err != nil {
		hint := "a number with its unit: 500ms, 10s, 2m"
		if _, err := strconv.ParseFloat(n.text, 64); err == nil {
			hint = fmt.Sprintf("did you mean %ss?", n.text)
		}
		d.add(n.at.error(fmt.Sprintf("%s is %q, want a duration", path, n.text), hint))
		return def
	}
	if t < low || t > high {
		d.add(n.at.error(fmt.Sprintf("%s is %s, want %s to %s", path, n.text, low, high), ""))
	}
	return t
}

func (d *decoder) boolean(n *node, path string, def bool) bool {
	if !d.isScalar(n, path, "on or off") {
		return def
	}
	switch n.text { // Apache's words, beside YAML's
	case "on", "true":
		return true
	case "off", "false":
		return false
	}
	d.add(n.at.error(fmt.Sprintf("%s is %q, want on or off", path, n.text), ""))
	return def
}

// text reads a string; numbers are welcome, as in {net.core.somaxconn: 4096}.
func (d *decoder) text(n *node, path, def string) string {
	if !d.isScalar(n, path, "a string") {
		return def
	}
	if strings.ContainsAny(n.text, "\n\x00") {
		d.add(n.at.error(path+" has a line break in it, or a zero byte: want one line of text", ""))
		return def
	}
	return n.text
}

func (d *decoder) image(n *node, path, def string) string {
	s := d.text(n, path, def)
	if n != nil && s != def && !imageRE.MatchString(s) {
		d.add(n.at.error(fmt.Sprintf("%s is %q, want an image reference such as %s", path, s, def), ""))
	}
	return s
}

func (d *decoder) word(n *node, path, def string, known ...string) string {
	if !d.isScalar(n, path, "one of "+strings.Join(known, ", ")) {
		return def
	}
	if !slices.Contains(known, n.text) {
		d.add(n.at.error(fmt.Sprintf("%s is %q", path, n.text), didYouMean(n.text, known)))
		return def
	}
	return n.text
}

package httpd

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/ownfile"
	"github.com/lab99/lab99/scenarios"
)

// The lab's own parts of a configuration of the user's, before it and behind it. So every
// line of the user's keeps its number, and the lab's settings have the last word.
const (
	firstFile = "lab-first.conf"
	lastFile  = "lab-last.conf"
	typesFile = "mime.types"
)

// unwanted are directives that the lab sets itself, or whose files and names its hosts do
// not have. One that ends in * stands for all that begin so.
var unwanted = []string{
	"user", "group", "pidfile", "errorlog", "errorlogformat", "customlog", "transferlog", "globallog",
	"loglevel", "listen", "listenbacklog", "serverroot", "defaultruntimedir", "mutex", "scoreboardfile",
	"coredumpdirectory", "lockfile", "loadfile", "chrootdir", "suexecusergroup", "typesconfig",
	"mimemagicfile", "scriptsock", "ssl*", "md*", "sec*", "dos*", "auth*", "order", "allow", "deny", "satisfy",
	"h2*", "proxyremote", "proxyremotematch", "cacheroot", "cachelock*", "serverlimit", "startservers",
	"threadlimit", "threadsperchild", "maxrequestworkers", "maxclients", "minspare*", "maxspare*",
	"maxconnectionsperchild", "maxrequestsperchild", // a process that starts under load spoils the run
}

// rewrite puts the lab's addresses in, and takes out what cannot be run.
func (c *ownConf) rewrite(v scenarios.Variant, host *section, taken *route, at proxy.Site) error {
	if taken != nil {
		for _, m := range append(c.members(taken), taken) {
			if err := runnable(m); err != nil {
				return err
			}
			if d, _ := destination(m.url); d != "" {
				c.Backend(d)
			}
		}
	}
	blocks := map[*section]bool{} // of <Proxy>, those that have been seen
	for _, h := range c.hosts {
		to := ownfile.Nobody.String()
		if h == host {
			to = at.Listen.String()
		}
		h.args[0].End = h.args[len(h.args)-1].End
		h.args[0].Become(to)
	}
	mpm := "event"
	for _, d := range c.directives {
		switch name := strings.ToLower(d.Name()); {
		case name == "loadmodule":
			if m, ok := strings.CutPrefix(d.Arg(1), "mpm_"); ok {
				mpm = strings.TrimSuffix(m, "_module")
			}
			if c.needed[d.Arg(1)] || strings.HasPrefix(d.Arg(1), "mpm_") {
				d.Drop("%s is loaded by the lab, where it is not built in", d.Arg(1))
			} else if slices.Contains(unwantedModules, d.Arg(1)) {
				d.Drop("")
			} else if len(d.Words) == 3 && path.Base(d.Arg(2)) != d.Arg(2) {
				d.Words[2].Replace("modules/" + path.Base(d.Arg(2)))
			}
		case slices.ContainsFunc(unwanted, func(u string) bool {
			prefix, all := strings.CutSuffix(u, "*")
			return u == name || all && strings.HasPrefix(name, prefix)
		}):
			d.Drop("")
		case name == "require" && !strings.EqualFold(d.Arg(1), "all"):
			d.Become("Require all granted")
		case name == "proxysourceaddress" && len(d.Words) == 2:
			d.Words[1].Become(at.Listen.Addr().String())
		case name == "balancermember":
			i := 1
			if strings.HasPrefix(d.Arg(1), "balancer:") {
				i = 2
			}
			c.address(d, i)
		case name == "proxyset" && address.MatchString(d.Arg(1)):
			c.address(d, 1)
		default:
			if r := c.passes(d); r != nil {
				c.address(d, r.at)
			}
		}
		for _, s := range d.in {
			if s.kind == "proxy" && len(s.args) > 0 && !blocks[s] {
				blocks[s] = true
				c.put(s.args[0])
			}
		}
	}
	c.Note("the lab's %s and %s stand before and behind it: modules, address, user, error log, "+
		"and as many processes as the load needs", firstFile, lastFile)
	c.Added[path.Join(at.Dir, firstFile)] = c.first(at, mpm)
	c.Added[path.Join(at.Dir, lastFile)] = last(v, at, mpm)
	c.Added[path.Join(at.Dir, typesFile)] = []byte("text/html html\n")
	return nil
}

// runnable refuses a route of the load that the lab has no backend for.
func runnable(r *route) error {
	m := address.FindStringSubmatch(r.url)
	at := r.Words[min(r.at, len(r.Words)-1)]
	if m == nil {
		return at.Mistake("an address was expected", "such as http://HOST:PORT/")
	}
	switch scheme := strings.ToLower(m[1]); {
	case scheme == "balancer":
		return nil
	case scheme == "unix":
		return at.Mistake("a Unix-domain socket takes no port, and error 99 cannot come from it",
			"name an address: http://HOST:PORT/")
	case scheme != "http" && scheme != "https":
		return at.Mistake(fmt.Sprintf("the load reaches a backend over %s, and http:// was expected: "+
			"behind a file of your own the lab's backend speaks HTTP", scheme),
			"choose another route by --set load.path=/PATH")
	case m[2] == "" || strings.ContainsAny(m[2], "$%"):
		return at.Mistake("where the load goes is not written in the file: an address was expected, "+
			"and each request decides",
			"write http://HOST:PORT/ there")
	}
	return nil
}

// address puts the lab's in place of that of a word of a directive.
func (c *ownConf) address(d directive, i int) {
	if i < len(d.Words) {
		c.put(d.Words[i])
	}
}

func (c *ownConf) put(w ownfile.Word) {
	d, rest := destination(w.Value)
	if d == "" {
		return
	}
	scheme := "http" // the lab's backend speaks no TLS
	if strings.HasPrefix(w.Value, "ws") {
		scheme = "ws"
	}
	to := scheme + "://" + c.Reached(d).String() + rest
	if strings.ContainsAny(to, " \t") || strings.HasPrefix(w.Text(), `"`) {
		to = `"` + strings.ReplaceAll(to, `"`, `\"`) + `"`
	}
	w.Become(to)
}

// destination is the host and port of a URL, and what stands behind; "" where the lab has no
// address to put in: for a balancer, a value that each request has, another protocol. Those
// that the load does not reach go where nobody listens: Apache takes one address for one
// worker, and the parameters of the first.
func destination(url string) (to, rest string) {
	m := address.FindStringSubmatch(url)
	if m == nil || m[2] == "" || strings.ContainsAny(m[2], "$%") {
		return "", ""
	}
	port, ok := map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}[strings.ToLower(m[1])]
	if !ok {
		return "", ""
	}
	host, port := ownfile.HostPort(m[2], port)
	return host + ":" + port, m[3]
}

// first is what stands before the file: where modules are, and those it needs.
func (c *ownConf) first(at proxy.Site, mpm string) []byte {
	root := at.ServerRoot
	if root == "" {
		root = officialRoot
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# The lab's, before a configuration of the user's own.\nServerRoot %q\nDefaultRuntimeDir %q\n"+
		"ServerName lab99\nListen %v\n",
		root, at.RunDir, at.Listen)
	names := append([]string{"mpm_" + mpm + "_module"}, always...) // some need those before them
	for _, name := range slices.Sorted(maps.Keys(c.needed)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		fmt.Fprintf(&b, "<IfModule !%s>\n    LoadModule %s modules/mod_%s.so\n</IfModule>\n",
			name, name, strings.TrimSuffix(name, "_module"))
	}
	if c.needed["mime_module"] || c.loaded["mime_module"] {
		fmt.Fprintf(&b, "<IfModule !mime_module>\n    LoadModule mime_module modules/mod_mime.so\n"+
			"</IfModule>\nTypesConfig %q\n", path.Join(at.Dir, typesFile))
	}
	return []byte(b.String())
}

// last is what stands behind it. There are processes and threads for all connections of the
// clients from the start.
func last(v scenarios.Variant, at proxy.Site, mpm string) []byte {
	processes, threads := v.Proxy.Workers, 2*v.Load.Connections
	var b strings.Builder
	fmt.Fprintf(&b, "# The lab's, behind a configuration of the user's own. Users by number: "+
		"an image need not have the names.\n"+
		"User \"#65534\"\nGroup \"#65534\"\nPidFile %q\nMutex pthread default\nErrorLog %q\nLogLevel warn\n"+
		"MaxConnectionsPerChild 0\n",
		path.Join(at.RunDir, "httpd.pid"), at.ErrorLog)
	if mpm == scenarios.MPMPrefork {
		fmt.Fprintf(&b, "ServerLimit %d\nStartServers %[1]d\nMaxRequestWorkers %[1]d\nMinSpareServers 1\n"+
			"MaxSpareServers %[1]d\n", threads)
		return []byte(b.String())
	}
	fmt.Fprintf(&b, "ServerLimit %d\nStartServers %[1]d\nThreadLimit %[2]d\nThreadsPerChild %[2]d\n"+
		"MaxRequestWorkers %[3]d\n"+
		"MinSpareThreads 1\nMaxSpareThreads %[3]d\n", processes, threads, processes*threads)
	return []byte(b.String())
}

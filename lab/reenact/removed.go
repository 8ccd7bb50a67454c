package reenact

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// known are the names of nginx's directives that may be written down. In a file that
// somebody has mistyped a secret may stand where a name is expected.
//
//go:embed names.txt
var known string

var knownNames = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range strings.Fields(known) {
		all[name] = true
	}
	return all
}()

// fileOfNginx is a file of the configuration, with its directives.
type fileOfNginx struct {
	number int // in the order of reading, from 1
	all    []*nginxconf.Directive
}

// filesOf lists the directives of all files, without what is in maps and blocks of code.
func filesOf(c *nginxconf.Config) (files []fileOfNginx) {
	for i, t := range c.Files {
		f := fileOfNginx{number: i + 1}
		var add func([]*nginxconf.Directive)
		add = func(ds []*nginxconf.Directive) {
			for _, d := range ds {
				f.all = append(f.all, d)
				if d.Kind == nginxconf.Directives {
					add(d.Block)
				}
			}
		}
		add(t.Root)
		files = append(files, f)
	}
	return files
}

// structure is what a configuration is built of; it is not listed.
var structure = []string{"http", "events", "server", "location", "upstream", "include"}

// fewPlaces is how many places of a directive are listed.
const fewPlaces = 8

// removed lists what was left out, and counts it.
func (c *Case) removed(used map[*nginxconf.Directive]bool) (text string, count int) {
	const others = "others, whose names are not known to be nginx's"
	places := map[string][]string{}
	for _, f := range c.files {
		for _, d := range f.all {
			name := d.Name()
			if used[d] || slices.Contains(structure, name) && (d.HasBlock() || name == "include") || d == c.route.Pass {
				continue
			}
			if !knownNames[name] {
				name = others
			}
			count++
			places[name] = append(places[name], fmt.Sprintf("%d:%d", f.number, d.Line))
		}
	}
	var b strings.Builder
	b.WriteString(`What these files have of the configuration of an nginx, and what was left out of it.

Written anew, for the one route that leads to the destination: how many servers there are, with their weights and how
they fail; how many source addresses; worker_processes and worker_connections; timeouts, retries and buffering of the
pass. Numbers, times and words of nginx's own only.

Replaced:
  names and addresses of servers, upstreams, locations and sources: backend1, backend2, …, /, 192.0.2.1, …
  protocol and Connection header towards the backend: HTTP/1.1, "" (plain, also where it was TLS)
  the pool: none in nginx.conf, one in keepalive.conf
`)
	fmt.Fprintf(&b, "\nLeft out, with FILE:LINE, where the files are numbered in the order in "+
		"which nginx reads them:\n")
	for _, name := range slices.Sorted(maps.Keys(places)) {
		all := places[name]
		shown := all[:min(len(all), fewPlaces)]
		fmt.Fprintf(&b, "  %s: %s", name, strings.Join(shown, ", "))
		if more := len(all) - len(shown); more > 0 {
			fmt.Fprintf(&b, " and %s more", format.Grouped(more))
		}
		b.WriteString("\n")
	}
	if count == 0 {
		b.WriteString("  nothing\n")
	}
	return b.String(), count
}

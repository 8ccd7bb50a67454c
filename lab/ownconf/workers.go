package ownconf

import (
	"strconv"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// Workers is how many workers a configuration has, with the directive that says
// so; nil: it is nginx's default. 0: it cannot be known, as of worker_processes
// auto, and of a part of a configuration.
func Workers(c *nginxconf.Config) (int, *nginxconf.Directive) {
	if c.Fragment != "" {
		return 0, nil
	}
	n := 1
	var by *nginxconf.Directive
	var look func([]*nginxconf.Directive)
	look = func(ds []*nginxconf.Directive) {
		for _, d := range ds {
			for _, t := range d.Included {
				look(t.Root)
			}
			if d.Name() == "worker_processes" {
				by = d
				n, _ = strconv.Atoi(d.Arg(1))
			}
		}
	}
	look(c.Files[0].Root)
	return n, by
}

package nginxconf

import (
	"cmp"

	"github.com/lab99/lab99/internal/format"
)

var conflictingName = Rule{
	ID: "conflicting-server-name", Level: Warning,
	Doc: "Two servers have the same `server_name` at the same address: " +
		"nginx warns `conflicting server name … ignored`, " +
		"and the first in the order of the files gets the requests. " +
		"The other is only reached by what else it has, another name or address, or as the default server. " +
		"Where it has nothing else, no request ever reaches it, and its routes are not counted. " +
		"A server without `server_name` has the name \"\". " +
		"Of two regular expressions that are the same the first is taken too, without a warning. " +
		"Give the server another name or address, or move its locations into the first.",
	check: func(k *checker) {
		for _, s := range k.model.servers {
			for _, c := range s.Conflicts {
				said := "nginx takes that one"
				if !c.Quiet {
					said = "nginx ignores it here, with a warning"
				}
				if s.Unreached {
					said += "; no request reaches this server, and its routes are not counted"
				}
				k.report(Warning, c.Directive, c.Word,
					"give it another name or address, or move its locations into that server",
					"the server in %s has server_name %s on %s already: %s", at(c.First.Directive, c.Directive),
					cmp.Or(c.Name, `""`), format.List(c.Addresses), said)
			}
		}
	},
}

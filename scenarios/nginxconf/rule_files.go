package nginxconf

import (
	"errors"
	"strings"
)

// shipped are files that come with nginx. They do nothing to connections, or are known.
var shipped = []string{"mime.types", "fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params",
	"koi-utf", "koi-win", "win-utf"}

var includeNotFound = Rule{
	ID: "include-not-found", Level: Warning,
	Doc: "A file that the configuration includes is not there, or lies outside of the directory that may be read: " +
		"what stands in it is not known here. Give the directory with --prefix, let includes leave it with " +
		"--follow, or give the output of `nginx -T`.",
	check: func(k *checker) {
		for _, m := range k.config.Missing {
			level := Warning
			what := "what it says is not known here"
			if in := m.Include.Included; len(in) > 0 && in[0].Packaged {
				level, what = Note, "it counts as Debian's, whose proxy_set_header replace those from outside"
			}
			if strings.ContainsAny(m.Path, "*?[") && len(k.routes) > 0 { // else all that matters may be there
				level = Note
			}
			fix := "put the file beside the configuration, give its directory with --prefix, or use the " +
				"output of nginx -T"
			if harmless(m.Path) {
				level, what, fix = Note, "it does nothing to connections", "none is needed"
			}
			switch {
			case harmless(m.Path) && !errors.Is(m.Err, ErrTooDeep):
			case errors.Is(m.Err, ErrOutside):
				fix = "--follow lets includes leave the prefix; or use the output of nginx -T"
			case errors.Is(m.Err, ErrTooDeep):
				level, fix = Error, "take the include out of the file that it includes"
			}
			k.report(level, m.Include, 1, fix, "%s is not read: %v; %s", m.Path, m.Err, what)
		}
	},
}

var byteOrderMarkRule = Rule{
	ID: "byte-order-mark", Level: Error,
	Doc: "The file begins with a byte order mark (EF BB BF), which editors on Windows write and do not show. " +
		"nginx takes it for a part of the first word, and refuses the file: `unknown directive \"…\"`.",
	check: func(k *checker) {
		for _, t := range k.config.Files {
			if t.ByteOrderMark && len(t.Root) > 0 {
				d := t.Root[0]
				k.reportAt(Error, d, 0, 0,
					"save it as UTF-8 without a byte order mark (sed -i '1s/^\\xEF\\xBB\\xBF//' FILE)",
					"the file begins with a byte order mark: "+
						"nginx refuses it, unknown directive \"\ufeff"+d.Name()+"\"")
			}
		}
	},
}

package nginx

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// supplies are the files that every nginx brings and that configurations include
// by name. They are short ones: what is in them decides on no connection.
//
//go:embed supplied
var supplies embed.FS

// include makes an include lead to what comes along: files beside the user's own,
// which are rewritten too, and those that every nginx brings. What is in neither
// place is taken out, as nginx would refuse it.
func (r *rewriter) include(d *nginxconf.Directive) {
	if len(d.Words) != 2 {
		return
	}
	if len(d.Included) > 0 && !d.Included[0].Packaged {
		var to []string
		for _, t := range d.Included {
			if r.shipped[t] == "" {
				r.shipped[t] = fmt.Sprintf("included/%d-%s",
					len(r.shipped)+1, plain.ReplaceAllString(path.Base(t.Name), "_"))
			}
			to = append(to, "include "+r.shipped[t]+";")
		}
		r.replace(d.Tree, d.Start, d.End, strings.Join(to, " "))
		r.say(d, fmt.Sprintf("%s comes along, as %s", d.Source(), strings.Join(to, " ")))
		return
	}
	name := path.Base(d.Arg(1))
	if text := supply(d, name); text != nil {
		r.supplied[name] = text
		r.replace(d.Tree, d.Start, d.End, "include supplied/"+name+";")
		r.say(d, d.Source()+" is a short one of the lab's")
		return
	}
	why := ": files beside this configuration are not known"
	if r.file.OnDisk {
		why = ": " + r.missing(d)
	}
	r.left = append(r.left, fmt.Sprintf("%s in line %d, which is not read", d.Source(), d.Line))
	r.remove(d, why)
}

// supply is the text of a file that every nginx brings; nil for another. Of one
// that decides on connections nginxconf has the text, which it has judged by.
func supply(d *nginxconf.Directive, name string) []byte {
	if len(d.Included) > 0 {
		return []byte(d.Included[0].Text)
	}
	text, err := supplies.ReadFile("supplied/" + name)
	if err != nil {
		return nil
	}
	return text
}

// missing says why an include brought nothing in.
func (r *rewriter) missing(d *nginxconf.Directive) string {
	for _, m := range r.conf.Missing {
		switch {
		case m.Include != d:
		case errors.Is(m.Err, fs.ErrNotExist):
			return "there is no such file beside the configuration"
		case errors.Is(m.Err, nginxconf.ErrOutside):
			return "files outside the configuration's directory are not read"
		default:
			return m.Err.Error()
		}
	}
	return "no file fits"
}

// plain is what a name may not have: nginx takes it for a quote or a pattern, which
// may then fit no file.
var plain = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// files are those that go beside the configuration, by their path in the host.
func (r *rewriter) files() map[string][]byte {
	more := map[string][]byte{}
	for t, name := range r.shipped {
		more[r.site.Dir+"/"+name] = []byte(r.apply(t))
	}
	for name, text := range r.supplied {
		more[r.site.Dir+"/supplied/"+name] = text
	}
	if len(more) == 0 {
		return nil
	}
	return more
}

package httpd

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/ownfile"
	"github.com/lab99/lab99/scenarios"
)

// ownConf is an httpd.conf of the user's own, with what it includes: its directives in
// order, each with the sections around it. What an <IfModule> or an <IfDefine> leaves out is
// not among them.
type ownConf struct {
	*ownfile.Files
	directives []directive
	hosts      []*section // virtual ones
	defines    map[string]string
	loaded     map[string]bool // modules of the user's LoadModule lines
	needed     map[string]bool // modules that the lab loads
	fragment   bool            // it loads no modules: those of a package are taken for granted
}

// A directive is a line that is no beginning or end of a section.
type directive struct {
	ownfile.Line
	in []*section
}

// A section is <Name words>.
type section struct {
	ownfile.Line
	kind string // in small letters
	args []ownfile.Word
	on   bool // Apache reads what is in it
}

// language is Apache's: a quote that does not end ends with the line.
var language = ownfile.Language{Quotes: `"'`, Longer: true}

func (d directive) is(name string) bool { return strings.EqualFold(d.Name(), name) }

// inside is the innermost section of a kind; nil if there is none.
func (d directive) inside(kinds ...string) *section {
	for _, s := range slices.Backward(d.in) {
		if slices.Contains(kinds, s.kind) {
			return s
		}
	}
	return nil
}

// readOwn reads the files.
func readOwn(v scenarios.Variant, at proxy.Site) (*ownConf, error) {
	c := &ownConf{
		Files:   ownfile.New(v, at, "/etc/apache2", "/etc/httpd", "/etc/httpd/conf", officialRoot+"/conf"),
		defines: map[string]string{}, loaded: map[string]bool{}, needed: map[string]bool{},
	}
	for _, m := range always {
		c.needed[m] = true
	}
	c.fragment = !loadModule.Match(v.ProxyFile.Text)
	var open []*section
	if err := c.read(c.Main, &open); err != nil {
		return nil, err
	}
	return c, nil
}

var loadModule = regexp.MustCompile(`(?mi)^\s*(LoadModule|Include\S*\s+"?\S*mods-)`)

// read takes a file in, below the sections that are open.
func (c *ownConf) read(f *ownfile.File, open *[]*section) error {
	lines, err := f.Lines(language)
	if err != nil {
		return err
	}
	outer := len(*open)
	for _, l := range lines {
		name := strings.ToLower(strings.Trim(l.Name(), "<>"))
		reads := len(*open) == 0 || (*open)[len(*open)-1].on
		switch {
		case strings.HasPrefix(l.Name(), "</"):
			if len(*open) == outer {
				return l.Mistake(fmt.Sprintf("%s ends no section of this file", l.Text()),
					"each </NAME> was expected after its <NAME …>")
			}
			if s := (*open)[len(*open)-1]; s.kind != name[1:] {
				return l.Mistake(fmt.Sprintf("</%s> was expected, which ends the section of line %d",
					s.kind, s.Line.Span.Line()),
					"close the inner section first")
			}
			*open = (*open)[:len(*open)-1]
		case strings.HasPrefix(l.Name(), "<"):
			s := &section{Line: l, kind: name, on: reads}
			for _, w := range l.Words[1:] {
				if w.Text() == ">" {
					continue
				}
				if !strings.HasPrefix(w.Text(), `"`) && strings.HasSuffix(w.Value, ">") {
					w.Value, w.End = w.Value[:len(w.Value)-1], w.End-1
				}
				w.Value = c.expand(w.Value)
				s.args = append(s.args, w)
			}
			s.on = reads && c.condition(s)
			if s.kind == "virtualhost" && s.on {
				if len(s.args) == 0 {
					return l.Mistake("<VirtualHost> has no address", "such as <VirtualHost *:80>")
				}
				c.hosts = append(c.hosts, s)
			}
			*open = append(*open, s)
		case reads:
			if err := c.directive(l, open); err != nil {
				return err
			}
		}
	}
	if len(*open) > outer {
		s := (*open)[len(*open)-1]
		return s.Mistake(fmt.Sprintf("<%s> has no end", s.kind), fmt.Sprintf("</%s> was expected", s.kind))
	}
	return nil
}

func (c *ownConf) directive(l ownfile.Line, open *[]*section) error {
	for i, w := range l.Words {
		l.Words[i].Value = c.expand(w.Value)
	}
	d := directive{l, slices.Clone(*open)}
	c.directives = append(c.directives, d)
	switch {
	case d.is("define"):
		c.defines[l.Arg(1)] = l.Arg(2)
	case d.is("loadmodule"):
		c.loaded[l.Arg(1)] = true
		if slices.Contains(usualModules, l.Arg(1)) {
			c.needed[l.Arg(1)] = true
		}
	case d.is("include"), d.is("includeoptional"):
		files, to, why, err := c.Include(l.Span, l.Arg(1))
		if err != nil {
			return err
		}
		if why != "" {
			l.Drop("%s is left out: %s", l.Text(), why)
			return nil
		}
		l.Become(fmt.Sprintf("Include %q", to))
		for _, f := range files {
			if err := c.read(f, open); err != nil {
				return err
			}
		}
	}
	if m := moduleOf(l.Name()); m != "" {
		c.needed[m] = true
	}
	return nil
}

// expand puts in the variables that the file defines.
func (c *ownConf) expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		if value, ok := c.defines[name[2:len(name)-1]]; ok {
			return value
		}
		return name
	})
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// condition says whether Apache reads a section. Of <IfVersion> and the like it is assumed.
func (c *ownConf) condition(s *section) bool {
	if len(s.args) == 0 || s.kind != "ifmodule" && s.kind != "ifdefine" {
		return true
	}
	name, not := strings.CutPrefix(s.args[0].Value, "!")
	if s.kind == "ifdefine" {
		_, ok := c.defines[name]
		return ok != not
	}
	if base, ok := strings.CutPrefix(name, "mod_"); ok {
		name = strings.TrimSuffix(base, ".c") + "_module"
	}
	if c.fragment && !not && slices.Contains(usualModules, name) {
		c.needed[name] = true
	}
	return (c.needed[name] || c.loaded[name]) && !slices.Contains(unwantedModules, name) != not
}

// in are the directives of a server: those of the main one, and of the host that takes the
// load, which come first as far as routes go.
func (c *ownConf) in(host *section) (all []directive) {
	for _, own := range []bool{true, false} {
		for _, d := range c.directives {
			if h := d.inside("virtualhost"); h == host && own || h == nil && host != nil && !own {
				all = append(all, d)
			}
		}
	}
	return all
}

// always are the modules of any proxy; the multi-processing module is apart.
var always = []string{
	"unixd_module", "authz_core_module", "proxy_module", "proxy_http_module", "slotmem_shm_module",
	"proxy_balancer_module", "lbmethod_byrequests_module",
}

// usualModules are on in packages and decide on no connection.
var usualModules = []string{
	"alias_module", "authz_host_module", "autoindex_module", "deflate_module", "dir_module", "env_module",
	"expires_module", "filter_module", "headers_module", "log_config_module", "mime_module",
	"negotiation_module", "remoteip_module", "reqtimeout_module", "rewrite_module", "setenvif_module",
	"status_module", "cache_module", "proxy_wstunnel_module",
}

// unwantedModules ask for what the lab does not have.
var unwantedModules = []string{"ssl_module", "md_module", "security2_module", "evasive20_module"}

// moduleOf is the module of a directive that a part of a configuration may use without
// loading it; "" for the others.
func moduleOf(name string) string {
	name = strings.ToLower(name)
	for _, m := range []struct{ prefix, module string }{
		{"rewrite", "rewrite"}, {"header", "headers"}, {"requestheader", "headers"}, {"setenvif", "setenvif"},
		{"browsermatch", "setenvif"}, {"setenv", "env"}, {"passenv", "env"}, {"unsetenv", "env"},
		{"expires", "expires"}, {"addoutputfilterbytype", "filter"}, {"filter", "filter"}, {"deflate", "deflate"},
		{"requestreadtimeout", "reqtimeout"}, {"remoteip", "remoteip"}, {"alias", "alias"},
		{"scriptalias", "alias"}, {"redirect", "alias"}, {"directory", "dir"}, {"fallbackresource", "dir"},
		{"add", "mime"}, {"cache", "cache"}, {"logformat", "log_config"}, {"index", "autoindex"},
		{"languagepriority", "negotiation"}, {"extendedstatus", "status"},
	} {
		if strings.HasPrefix(name, m.prefix) {
			return m.module + "_module"
		}
	}
	return ""
}

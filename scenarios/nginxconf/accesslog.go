package nginxconf

import (
	"path"
	"slices"
	"strings"
)

// AccessLogs are the files of http{} in which a request leaves one line, in one of them, when
// it ends: whoever counts lines counts requests, those apart that `access_log off` is for. why
// says what keeps them from being counted so; "": nothing does.
//
// https://nginx.org/en/docs/http/ngx_http_log_module.html
func (c *Config) AccessLogs() (files []string, why string) {
	var a accessLogs
	for _, m := range c.Unread() {
		a.refuse(m.Include, "brings in what was not read")
	}
	for _, d := range flatten(c.Files[0].Root) {
		if d.Name() == "http" && d.HasBlock() {
			if a.level(d) == 0 {
				a.refuse(d, "has no access_log of its own, so it is where nginx was built to have it")
			}
		}
	}
	if a.why == "" && len(a.files) == 0 {
		return nil, "there is no access_log"
	}
	return a.files, a.why
}

// ofLines says that a word goes over several lines, or has a line's end written into it.
func (w Word) ofLines() bool { return strings.Contains(w.Text, "\n") }

type accessLogs struct {
	files []string
	why   string
}

func (a *accessLogs) refuse(d *Directive, why string) {
	if a.why == "" {
		a.why = d.Pos() + ": " + d.Name() + " " + why
	}
}

// level goes through a block, and returns how many logs it has of its own. Those are the only
// ones then: logs of the level above are not inherited.
func (a *accessLogs) level(of *Directive) (own int) {
	for _, d := range flatten(of.Block) {
		switch {
		case d.Name() == "access_log" && d.Arg(1) != "off":
			if own++; own > 1 {
				a.refuse(d, "is not the only one here, so a request leaves several lines")
			}
			a.log(d)
		case d.Name() == "log_subrequest" && d.Arg(1) == "on":
			a.refuse(d, "makes lines of what is no request")
		case d.Name() == "log_format" && slices.ContainsFunc(d.Words, Word.ofLines):
			a.refuse(d, "has more than one line")
		case d.Kind == Directives:
			a.level(d)
		}
	}
	return own
}

func (a *accessLogs) log(d *Directive) {
	file := d.Arg(1)
	for _, w := range d.Args()[min(1, len(d.Args())):] {
		name, _, _ := strings.Cut(w.Text, "=")
		if slices.Contains([]string{"buffer", "flush", "gzip", "if"}, name) {
			a.refuse(d, "leaves lines out, or writes them later ("+name+")")
		}
	}
	switch {
	case strings.HasPrefix(file, "syslog:"), strings.HasPrefix(file, "memory:"):
		a.refuse(d, "writes no file")
	case strings.Contains(file, "$"):
		a.refuse(d, "writes as many files as its variable has values")
	case !path.IsAbs(file):
		a.refuse(d, "is relative to where nginx was built to be")
	case !slices.Contains(a.files, file):
		a.files = append(a.files, file)
	}
}

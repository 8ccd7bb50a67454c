package distro

import (
	"net/url"
	"path"
	"strings"
)

// parseStanzas reads deb822 text: stanzas of "Field: value" apart by blank
// lines, values continued on indented lines. Field names come out in lower
// case; comments and lines that are neither are dropped.
func parseStanzas(text string) []map[string]string {
	var all []map[string]string
	cur, last := map[string]string{}, ""
	flush := func() {
		if len(cur) > 0 {
			all = append(all, cur)
		}
		cur, last = map[string]string{}, ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "":
			flush()
		case line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if last != "" {
				cur[last] += "\n" + line[1:]
			}
		default:
			k, v, ok := strings.Cut(line, ":")
			if !ok || k == "" {
				last = ""
				continue
			}
			last = strings.ToLower(k)
			cur[last] = strings.TrimSpace(v)
		}
	}
	flush()
	return all
}

// pkg is one package of the archive, as its signed index describes it.
type pkg struct {
	Name, Version, Arch string
	SHA256              string
	Depends             []string // names only, every alternative; versions are apt's business
	Provides            []string
}

func parsePackage(st map[string]string) pkg {
	return pkg{
		Name: st["package"], Version: st["version"], Arch: st["architecture"], SHA256: st["sha256"],
		Depends:  relations(st["pre-depends"] + "," + st["depends"]),
		Provides: relations(st["provides"]),
	}
}

// relations returns the package names in a dependency field such as
// "libc6 (>= 2.34), perl:any, a | b".
func relations(field string) []string {
	var names []string
	for _, r := range strings.FieldsFunc(field, func(r rune) bool { return r == ',' || r == '|' }) {
		name, _, _ := strings.Cut(strings.TrimSpace(r), " ")
		name, _, _ = strings.Cut(name, "(")
		name, _, _ = strings.Cut(name, ":")
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// file is the name apt-get download gives the package.
func (p pkg) file() string {
	q := strings.NewReplacer("%", "%25", ":", "%3a", "_", "%5f")
	return path.Base(q.Replace(p.Name) + "_" + q.Replace(p.Version) + "_" + p.Arch + ".deb")
}

// upstream strips epoch and revision: 1:1.22.1-9+deb12u1 is 1.22.1. What
// distributions append to an upstream version goes too: 2.4.52+dfsg.
func upstream(version string) string {
	if _, v, ok := strings.Cut(version, ":"); ok {
		version = v
	}
	if i := strings.LastIndexByte(version, '-'); i > 0 {
		version = version[:i]
	}
	if i := strings.IndexAny(version, "+~"); i > 0 {
		version = version[:i]
	}
	return version
}

// parseURIs reads which packages apt-get --print-uris would fetch, as
// name=version. A line is the quoted URI, then the name of the file, which
// [pkg.file] describes, its size and a hash.
func parseURIs(out string) (specs []string) {
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 3 || f[0][0] != '\'' {
			continue
		}
		part := strings.Split(strings.TrimSuffix(f[1], ".deb"), "_")
		if len(part) != 3 {
			continue
		}
		version, err := url.PathUnescape(part[1])
		if err != nil || part[0] == "" || version == "" {
			continue
		}
		specs = append(specs, part[0]+"="+version)
	}
	return specs
}

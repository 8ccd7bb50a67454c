package main

import (
	"io"
	"os"
	slash "path"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// native is a package of a Linux distribution, by nfpm's name of its kind.
type native string

func (n native) fits(t target) bool { return t.os == "linux" }

func (n native) name(r *release, t target) string {
	p, _ := nfpm.Get(string(n)) // registered by the imports
	return p.ConventionalFileName(n.info(r, t))
}

// info is what the package says of itself. It depends on nothing: the program is static,
// and a lab takes nginx and Apache from where it finds them.
func (n native) info(r *release, t target) *nfpm.Info {
	return nfpm.WithDefaults(&nfpm.Info{
		Name: "lab99", Platform: t.os, Arch: t.arch, Version: r.version, Release: "1",
		Section: "net", Priority: "optional", License: "Apache-2.0", Homepage: "https://github.com/lab99/lab99",
		Maintainer:  "The lab99 authors <lab99@users.noreply.github.com>",
		Description: "reproduce nginx error 99, the exhaustion of ephemeral ports, and compare its fixes\n" + about,
		MTime:       r.date,
		Overridables: nfpm.Overridables{
			Suggests: []string{"nginx-light", "apache2-bin"},
			RPM: nfpm.RPM{BuildHost: "lab99", Group: "Applications/Internet",
				Summary: "Reproduce nginx error 99 and compare its fixes"},
		},
	})
}

const about = `A reverse proxy that opens a connection for each request runs out of source
ports at a few hundred requests per second. lab99 predicts when, reproduces it
with real servers in containers or network namespaces, compares the fixes, and
finds what is about to run out on a running host.`

func (n native) pack(w io.Writer, r *release, t target, all []file) error {
	dir, err := os.MkdirTemp("", "lab99-packaging-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	info := n.info(r, t)
	owned := map[string]bool{}
	for _, f := range all {
		if f.system == "" {
			continue
		}
		// rpm leaves a directory behind that no package owns. Those of others, such as
		// /usr/share/man, are not ours to own.
		for own := slash.Dir(f.system); strings.Contains(own+"/", "/lab99/") && !owned[own]; own = slash.Dir(own) {
			owned[own] = true
			info.Contents = append(info.Contents, &files.Content{
				Type: files.TypeDir, Destination: own,
				FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: 0o755, MTime: r.date},
			})
		}
		path := filepath.Join(dir, filepath.FromSlash(f.system))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.data, f.mode); err != nil {
			return err
		}
		info.Contents = append(info.Contents, &files.Content{
			Source: path, Destination: f.system,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: f.mode, MTime: r.date},
		})
	}
	if err := nfpm.PrepareForPackager(info, string(n)); err != nil {
		return err
	}
	p, err := nfpm.Get(string(n))
	if err != nil {
		return err
	}
	return p.Package(info, w)
}

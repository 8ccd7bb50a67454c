package distro

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// source is an archive that apt is configured with: one line of a .list file
// or one stanza of a .sources file (sources.list(5)).
type source struct {
	URIs       []string
	Suites     []string
	Components []string
	SignedBy   string // a keyring's path, a fingerprint or a key block; "" means the keys apt trusts for all archives
}

// release names the distribution that runs here (os-release(5)).
type release struct {
	ID        string   // debian, ubuntu, ...
	Codenames []string // most specific archive name first; a derivative names its parent's suite
}

func parseRelease(r io.Reader) (release, error) {
	values := map[string]string{}
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		if k, v, ok := strings.Cut(strings.TrimSpace(sc.Text()), "="); ok {
			values[k] = strings.Trim(v, `"'`)
		}
	}
	rel := release{ID: values["ID"]}
	for _, k := range []string{"UBUNTU_CODENAME", "DEBIAN_CODENAME", "VERSION_CODENAME"} {
		if v := values[k]; v != "" && !slices.Contains(rel.Codenames, v) {
			rel.Codenames = append(rel.Codenames, v)
		}
	}
	return rel, sc.Err()
}

// hostRelease reads the host's os-release.
func hostRelease() (release, error) {
	f, err := os.Open("/etc/os-release")
	if err != nil {
		return release{}, fmt.Errorf("which distribution is this: %w", err)
	}
	defer f.Close()
	return parseRelease(f)
}

// hostSources reads every archive that the host's apt is configured with.
func hostSources(ctx context.Context) ([]source, error) {
	out, err := run(ctx, nil, "", "apt-config", "shell",
		"LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d")
	if err != nil {
		return nil, err
	}
	var files []string
	for line := range strings.Lines(string(out)) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch v = strings.Trim(v, "'"); k {
		case "LIST":
			files = append(files, v)
		case "PARTS":
			for _, ext := range []string{"*.list", "*.sources"} {
				parts, _ := filepath.Glob(filepath.Join(v, ext)) // the only error is a bad pattern
				files = append(files, parts...)
			}
		}
	}
	var all []source
	for _, name := range files {
		b, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // newer releases have no sources.list
		}
		if err != nil {
			return nil, fmt.Errorf("apt sources: %w", err)
		}
		if strings.HasSuffix(name, ".sources") {
			all = append(all, parseStanzaSources(string(b))...)
		} else {
			all = append(all, parseLineSources(string(b))...)
		}
	}
	return all, nil
}

// parseLineSources reads the one-line format: deb [options] uri suite component...
// Lines apt itself would reject are skipped: the host's configuration is not
// ours to judge, and what remains must verify anyway.
func parseLineSources(text string) []source {
	var all []source
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb")
		if !ok || rest == strings.TrimLeft(rest, " \t[") {
			continue // deb-src, or something else
		}
		var s source
		if opts, ok := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "["); ok {
			if opts, rest, ok = strings.Cut(opts, "]"); !ok {
				continue
			}
			for _, o := range strings.Fields(opts) {
				if v, ok := strings.CutPrefix(o, "signed-by="); ok {
					s.SignedBy = v
				}
			}
		}
		f := strings.Fields(rest)
		if len(f) < 3 || strings.HasPrefix(f[0], "cdrom:") {
			continue // a flat archive has no components, and never is a distribution's
		}
		s.URIs, s.Suites, s.Components = f[:1], f[1:2], f[2:]
		all = append(all, s)
	}
	return all
}

// parseStanzaSources reads the deb822 format.
func parseStanzaSources(text string) []source {
	var all []source
	for _, st := range parseStanzas(text) {
		s := source{
			URIs:       strings.Fields(st["uris"]),
			Suites:     strings.Fields(st["suites"]),
			Components: strings.Fields(st["components"]),
			SignedBy:   st["signed-by"],
		}
		no := []string{"no", "false", "0", "off", "without", "disable"}
		off := slices.Contains(no, strings.ToLower(st["enabled"]))
		if off || !slices.Contains(strings.Fields(st["types"]), "deb") ||
			len(s.URIs) == 0 || len(s.Suites) == 0 || len(s.Components) == 0 {
			continue
		}
		all = append(all, s)
	}
	return all
}

// mainArchive returns the name by which the host's sources call its own suite,
// and the archives that carry it.
//
// Third parties use the distribution's codenames too, so archives that have
// the distribution's name in their URI win over those that do not.
func mainArchive(all []source, rel release) (suite string, main []source, err error) {
	names := append(slices.Clone(rel.Codenames), "stable", "testing", "unstable", "sid", "oldstable")
	for _, named := range []bool{true, false} {
		for _, name := range names {
			for _, s := range all {
				own := !named || rel.ID != "" && strings.Contains(strings.Join(s.URIs, " "), rel.ID)
				if own && slices.Contains(s.Suites, name) && slices.Contains(s.Components, "main") {
					main = append(main, s)
				}
			}
			if len(main) > 0 {
				return name, main, nil
			}
		}
	}
	return "", nil, fmt.Errorf("no archive of %s %s among apt's sources", rel.ID, strings.Join(rel.Codenames, "/"))
}

// forSuite returns the sources from which to take packages of a suite: for the
// host's own with its updates and security fixes, for any other suite the
// host's main archive under that suite's name.
func forSuite(all []source, rel release, suite string) ([]source, error) {
	own, main, err := mainArchive(all, rel)
	if err != nil {
		return nil, err
	}
	if suite != own {
		s := main[0]
		s.Suites = []string{suite}
		return []source{s}, nil
	}
	var picked []source
	for _, s := range all {
		s.Suites = slices.DeleteFunc(slices.Clone(s.Suites), func(n string) bool {
			return n != own && n != own+"-updates" && n != own+"-security"
		})
		related := rel.ID == "" || strings.Contains(strings.Join(s.URIs, " "), rel.ID) ||
			slices.ContainsFunc(main, func(m source) bool { return slices.Equal(m.URIs, s.URIs) })
		if len(s.Suites) > 0 && related && slices.Contains(s.Components, "main") {
			picked = append(picked, s)
		}
	}
	return picked, nil
}

// stanzas writes sources in the deb822 format. Only these fields are carried
// over: an option like trusted=yes on the host has no effect here.
func stanzas(all []source) string {
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\nTargets: Packages\n",
			strings.Join(s.URIs, " "), strings.Join(s.Suites, " "), strings.Join(s.Components, " "))
		if s.SignedBy != "" {
			fmt.Fprintf(&b, "Signed-By: %s\n", strings.ReplaceAll(s.SignedBy, "\n", "\n "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

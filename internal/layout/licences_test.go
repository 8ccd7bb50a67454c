package layout

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"

	"github.com/lab99/lab99/internal/filetest"
)

// permissive are the licences whose code may go into the binary: they ask for
// a notice and for nothing else. Names are SPDX's.
var permissive = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"}

// apart are modules with a licence of another kind, which was read, and why it
// is fit all the same.
var apart = map[string]string{
	"codeberg.org/go-fonts/liberation": "the fonts in the charts are under the OFL-1.1, " +
		"which lets programs carry them; the code is BSD-3-Clause",
	"github.com/ajstarks/svgo": "CC-BY-4.0 asks for attribution, as the others do",
	"github.com/hashicorp/go-version": "the MPL-2.0 is about its own files: " +
		"they are used unchanged, and the README says where they are",
	"github.com/golang/freetype": "the FreeType Licence, at one's choice instead of the GPL, " +
		"asks for a credit in the documentation",
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)`)

// covered is how much of a file must be known text: the rest is a name and a
// year, or a licence nobody looked at.
const covered = 75 // percent

// TestLicencesArePermissive reads the licence of every module that is linked
// into the program, from the module cache.
func TestLicencesArePermissive(t *testing.T) {
	seen := map[string]bool{}
	for _, goos := range []string{runtime.GOOS, "linux", "darwin", "windows"} {
		modules, err := linked(goos)
		if err != nil && goos == runtime.GOOS {
			t.Fatal(err)
		}
		if err != nil { // offline, and never built for it here
			t.Logf("not checked for %s: %v", goos, err)
		}
		for path, dir := range modules {
			if !seen[path] {
				seen[path] = true
				if apart[path] != "" {
					continue
				}
				for _, wrong := range licencesOf(t, dir) {
					t.Errorf("%s: %s", path, wrong)
				}
			}
		}
	}
	for path := range apart {
		if !seen[path] {
			t.Errorf("%s is set apart, and no part of the program any more", path)
		}
	}
	if len(seen) < 20 {
		t.Errorf("%d modules were looked at, which is too few to be all", len(seen))
	}
	t.Logf("%d modules", len(seen))
}

// linked maps the modules that a build for an operating system takes code from
// to their directories.
func linked(goos string) (map[string]string, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=Module,Standard", module+"/lab/cmd/lab99")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New(err.Error() + ": " + complaint.String())
	}
	all := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ Module *struct{ Path, Dir string } }
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if p.Module != nil && p.Module.Path != module {
			all[p.Module.Path] = p.Module.Dir
		}
	}
}

// licencesOf says what is wrong with the licences in a module's directory.
func licencesOf(t *testing.T, dir string) (wrong []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return []string{err.Error()}
	}
	known := false
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".docs") {
			continue // LICENSE.docs is about no code
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return []string{err.Error()}
		}
		found := licensecheck.Scan(b)
		if found.Percent < covered {
			wrong = append(wrong, e.Name()+" is not the text of a known licence")
		}
		for _, m := range found.Match {
			known = true
			if !slices.Contains(permissive, m.ID) {
				wrong = append(wrong, e.Name()+" is "+m.ID+", which is not among the permitted: "+strings.Join(permissive, ", "))
			}
		}
	}
	if !known {
		wrong = append(wrong, "no licence")
	}
	return wrong
}

// TestLicenceCheckCanFail: a copyleft licence, a text of one's own and none at
// all are found out.
func TestLicenceCheckCanFail(t *testing.T) {
	for name, text := range map[string]string{
		"copyleft": "This program is free software: you can redistribute it and/or modify it under the terms of the GNU " +
			"General Public License as published by the Free Software Foundation, either version 3 of the License, " +
			"or (at your option) any later version.",
		"own":  "You may use this on Thursdays, provided that it rains and that you tell me about it beforehand, in writing.",
		"none": "",
	} {
		dir := t.TempDir()
		if text != "" {
			filetest.Write(t, filepath.Join(dir, "LICENSE"), text)
		}
		if len(licencesOf(t, dir)) == 0 {
			t.Errorf("%s passes", name)
		}
	}
}

package image

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/distribution/reference"
)

// suitePrefix marks a reference that names no registry's image but a suite of
// the host's distribution to assemble from: apt:bookworm.
const suitePrefix = "apt:"

var (
	suiteName  = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	tagVersion = regexp.MustCompile(`^\d+(\.\d+)*`)
)

// ref is a parsed image reference.
type ref struct {
	text  string
	suite string // of apt:SUITE; "" for a registry's image
	base  string // last element of the repository: nginx
	tag   string // "" when only a digest or nothing is given
}

func parseRef(text string) (ref, error) {
	if suite, ok := strings.CutPrefix(text, suitePrefix); ok {
		if !suiteName.MatchString(suite) {
			return ref{}, fmt.Errorf("image %q: after %q comes the name of a suite, such as apt:bookworm", text, suitePrefix)
		}
		return ref{text: text, suite: suite}, nil
	}
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return ref{}, fmt.Errorf("image %q: %w; expected NAME:TAG such as nginx:1.30, or apt:SUITE", text, err)
	}
	r := ref{text: text, base: path.Base(reference.Path(named))}
	if t, ok := named.(reference.Tagged); ok {
		r.tag = t.Tag()
	}
	return r, nil
}

// version is what the tag says of the version: 1.30 for 1.30-alpine, "" for latest.
func (r ref) version() string { return tagVersion.FindString(r.tag) }

// substitution says how an assembled image differs from what was asked; "" when
// an assembled image is what was asked.
func (r ref) substitution(role Role, version, suite string) string {
	if r.suite != "" {
		return ""
	}
	note := fmt.Sprintf("asked for %s, used %s %s assembled from %s packages", r.text, role, version, suite)
	if v := r.version(); v != "" && version != v && !strings.HasPrefix(version, v+".") {
		note += ": another version"
	}
	return note
}

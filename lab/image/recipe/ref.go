package recipe

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/distribution/reference"
)

// SuitePrefix marks a reference that names no registry's image but a suite of
// the host's distribution to assemble from: apt:bookworm.
const SuitePrefix = "apt:"

var (
	suiteName  = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	tagVersion = regexp.MustCompile(`^\d+(\.\d+)*`)
)

// Ref is a parsed image reference.
type Ref struct {
	Text   string
	Suite  string // of apt:SUITE; "" for a registry's image
	Base   string // last element of the repository: nginx
	Tag    string // "" where only a digest or nothing is given
	Digest bool   // the reference has a digest, and an engine ignores the tag beside it
}

// ParseRef reads the reference of an image as a scenario gives it.
func ParseRef(text string) (Ref, error) {
	if suite, ok := strings.CutPrefix(text, SuitePrefix); ok {
		if !suiteName.MatchString(suite) {
			return Ref{}, fmt.Errorf("image %q: after %q comes the name of a suite, such as apt:bookworm",
				text, SuitePrefix)
		}
		return Ref{Text: text, Suite: suite}, nil
	}
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return Ref{}, fmt.Errorf("image %q: %w; expected NAME:TAG such as nginx:1.30, or apt:SUITE", text, err)
	}
	r := Ref{Text: text, Base: path.Base(reference.Path(named))}
	if t, ok := named.(reference.Tagged); ok {
		r.Tag = t.Tag()
	}
	_, r.Digest = named.(reference.Digested)
	return r, nil
}

// Version is what the tag says of the version: 1.30 for 1.30-alpine, "" for
// latest.
func (r Ref) Version() string { return tagVersion.FindString(r.Tag) }

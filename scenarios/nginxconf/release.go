package nginxconf

import (
	"fmt"
	"strings"

	goversion "github.com/hashicorp/go-version"
)

// A Release is a version of nginx. The zero value is one that is not known.
type Release struct {
	v    *goversion.Version
	said int // how many numbers the text had: 1.29 may be before 1.29.7 and after
}

// ParseRelease reads a version such as 1.22.1 or 1.30. What a distribution adds
// behind it is left out. "" is the unknown release.
func ParseRelease(s string) (Release, error) {
	if s == "" {
		return Release{}, nil
	}
	core := s
	if i := strings.IndexAny(s, " -+~"); i >= 0 {
		core = s[:i]
	}
	v, err := goversion.NewVersion(core)
	if err != nil {
		return Release{}, fmt.Errorf("%q is not a version such as 1.29.7", s)
	}
	return Release{v, strings.Count(core, ".") + 1}, nil
}

// MustRelease is ParseRelease for texts in a program.
func MustRelease(s string) Release {
	r, err := ParseRelease(s)
	if err != nil {
		panic(err)
	}
	return r
}

// Known says whether the release is known at all.
func (r Release) Known() bool { return r.v != nil }

// String is the version as it was given, or "".
func (r Release) String() string {
	if r.v == nil {
		return ""
	}
	return r.v.Original()
}

// AtLeast says whether the release is a given one or a later one. Known is
// false for an unknown release, and for one that is known by its first numbers
// only and may be on both sides, as 1.29 is of 1.29.7.
func (r Release) AtLeast(floor Release) (yes, known bool) {
	if r.v == nil {
		return false, false
	}
	for i, n := range r.v.Segments()[:min(r.said, 3)] {
		if f := floor.v.Segments()[i]; n != f {
			return n > f, true
		}
	}
	return true, r.said >= 3
}

// What a release changed. https://nginx.org/en/CHANGES
var (
	// Pooling is the release from which nginx speaks HTTP/1.1 to a backend, sends
	// no Connection header, and keeps 32 idle connections per worker for every
	// upstream block, all of it by default. From it on the place of keepalive in
	// its block does not matter, and keepalive 0 is allowed.
	Pooling = MustRelease("1.29.7")

	// thousand raised keepalive_requests from 100, and brought keepalive_time.
	thousand = MustRelease("1.19.10")
	// proxyHTTP2 allows proxy_http_version 2.
	proxyHTTP2 = MustRelease("1.29.4")
	// openResolve brought the parameter resolve to the open-source nginx.
	openResolve = MustRelease("1.27.3")
	// http2Directive brought http2 on.
	http2Directive = MustRelease("1.25.1")
)

// DefaultPool is how many idle connections an upstream block keeps per worker
// from Pooling on.
const DefaultPool = 32

// pools says whether the release pools by default, where that is known; an
// unknown one is taken for an older one, and its routes get a Newer.
func (r Release) pools() bool {
	yes, known := r.AtLeast(Pooling)
	return yes && known
}

// since is AtLeast for a release that is taken for a new one where it is not
// known: it refuses nothing that some release allows.
func (r Release) since(floor Release) bool {
	yes, known := r.AtLeast(floor)
	return yes || !known
}

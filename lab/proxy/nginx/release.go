package nginx

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/lab99/lab99/lab/image/recipe"
	"github.com/lab99/lab99/lab/preflight"
	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// suites are the releases in Debian's, whose packages keep to one. forky is
// still open, and past 1.29.7.
var suites = map[string]string{"bookworm": "1.22", "trixie": "1.26", "forky": "1.30"}

// CheckReleases are an older release and a newer one than nginxconf.Pooling.
func (Kind) CheckReleases() []string { return []string{"1.22.1", "1.30.0"} }

// ReleaseOf is what a reference says of the release: a tag of an image of
// nginx's names it, or a suite. A digest and a tag such as latest do not.
func (Kind) ReleaseOf(image string) string {
	r, err := recipe.ParseRef(image)
	switch {
	case err != nil, r.Digest:
		return ""
	case r.Suite != "":
		return suites[r.Suite]
	case !strings.Contains(r.Base, "nginx"): // its tag is somebody else's
		return ""
	}
	return r.Version()
}

// poolsByDefault says whether a release speaks HTTP/1.1 to an upstream and
// keeps connections without being told. known is false for one that is not
// known well enough.
func poolsByDefault(release string) (yes, known bool) {
	r, err := nginxconf.ParseRelease(release)
	if err != nil {
		return false, false
	}
	return r.AtLeast(nginxconf.Pooling)
}

// atLeast compares versions, for templates. An unknown version is taken for a
// current one.
func atLeast(version, floor string) (bool, error) {
	v, err := nginxconf.ParseRelease(version)
	if err != nil {
		return false, err
	}
	f, err := nginxconf.ParseRelease(floor)
	if err != nil || !f.Known() {
		return false, cmp.Or(err, fmt.Errorf("%q is not a version such as 1.29.7", floor))
	}
	yes, _ := v.AtLeast(f)
	return yes || !v.Known(), nil
}

// WithDefaults puts in place of what a variant leaves to the release what that
// release does.
//
// Of a configuration of the user's own it works out what that does.
func (Kind) WithDefaults(v scenarios.Variant, release string) scenarios.Variant {
	if v.OwnConfig() {
		v.Own = understand(v, release)
		return v
	}
	pools, known := poolsByDefault(release)
	if v.Proxy.HTTP != scenarios.HTTPDefault || !known {
		return v
	}
	v.Proxy.HTTP = scenarios.HTTP10
	if pools {
		v.Proxy.HTTP = scenarios.HTTP11
		if upstreamBlock(v) {
			v.Proxy.Keepalive = nginxconf.DefaultPool
		}
	}
	return v
}

// ClosesToo says why the backend closes each connection as well as nginx; ""
// where it does not.
func (Kind) ClosesToo(v scenarios.Variant, release, backend string) string {
	if v.OwnConfig() {
		if v.Own == nil || v.Own.Closes == "" || v.Own.Unix {
			return ""
		}
		return v.Own.Closes + ", so " + backend + " closes every connection itself"
	}
	d := unsaid(v)
	pools, known := poolsByDefault(release)
	switch {
	case v.Proxy.HTTP == scenarios.HTTP10:
		return "nginx asks for every connection to be closed after the response, so " + backend + " closes it too"
	case d.Protocol && known && !pools:
		return fmt.Sprintf("nginx %s speaks HTTP/1.0 to the backend by default, so %s closes every connection itself",
			release, backend)
	}
	return ""
}

// Reasons follow from what a configuration leaves to the release.
func (Kind) Reasons(v scenarios.Variant, f preflight.Facts) []string {
	if v.OwnConfig() {
		if v.Own == nil || v.Own.Differs == "" {
			return nil
		}
		return []string{v.Own.Differs}
	}
	d := unsaid(v)
	pools, known := poolsByDefault(f.Release)
	switch {
	case (d.Pool || d.Protocol) && !known:
		text := fmt.Sprintf("the configuration leaves the protocol towards the backend to the release, "+
			"and nginx %s changed it; %s does not say which release it is",
			nginxconf.Pooling, cmp.Or(f.Release, v.Proxy.Image))
		return []string{text + ": until the image is read, predictions are for an older one, HTTP/1.0 without a pool"}
	case d.Pool && pools:
		return []string{fmt.Sprintf("nginx %s keeps %d idle upstream connections in each worker, "+
			"the default of an upstream block since %s: next to none is closed, and error 99 does not come "+
			"while no more than %d requests are under way; `keepalive 0` in the block turns it off",
			f.Release, nginxconf.DefaultPool, nginxconf.Pooling, nginxconf.DefaultPool*max(f.Setup.Workers, 1))}
	}
	return nil
}

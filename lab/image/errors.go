package image

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lab99/lab99/lab/image/recipe"
)

// errNotTried is the cause given for a source that the mode rules out.
var errNotTried = errors.New("not tried")

// UnavailableError is an image that no permitted source gave: the environment
// is unfit for the run (exit code 3).
type UnavailableError struct {
	Role     Role
	Ref      string
	Mode     Mode
	Pull     error // why no registry gave it
	Assemble error // why it was not assembled from packages

	Local     bool  // there is no engine to load an image into
	Installed error // then: why what is installed here was not used
}

func (e *UnavailableError) Error() string {
	if e.Local {
		return fmt.Sprintf(`no %s for %s (--images %s)
  packages:  %v
  installed: %v
any one of these helps:
  1. let apt-get reach the archive of the distribution (proxy, mirror); what it gave once is kept
  2. run on a Debian or Ubuntu host that has apt-get and dpkg-deb, or install %s there
  3. start a container engine that has the image, with --driver docker`,
			e.Role, e.Ref, e.Mode, e.Assemble, e.Installed, packageOf(e.Role))
	}
	byHand := fmt.Sprintf("docker pull %s where the engine runs, or docker load < FILE", e.Ref)
	if strings.HasPrefix(e.Ref, recipe.SuitePrefix) {
		byHand = fmt.Sprintf("name an image that the engine has (docker pull, docker load) instead of %s", e.Ref)
	}
	return fmt.Sprintf(`no image of %s for %s (--images %s)
  registry: %v
  packages: %v
any one of these helps:
  1. load it by hand: %s
  2. let the engine reach a registry (proxy, mirror, login), with --images registry
  3. run on a Debian or Ubuntu host that has apt-get and dpkg-deb, with --images local`,
		e.Role, e.Ref, e.Mode, e.Pull, e.Assemble, byHand)
}

// Unwrap lets errors.Is find either cause.
func (e *UnavailableError) Unwrap() []error { return []error{e.Pull, e.Assemble} }

// packageOf is Debian's package of a server, by its recipe.
func packageOf(role Role) string {
	if r, err := recipe.For(string(role)); err == nil && len(r.Seeds) > 0 {
		return r.Seeds[0]
	}
	return string(role)
}

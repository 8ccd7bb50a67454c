package kubernetes

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/lab99/lab99/lab/driver"
)

// own is what the names of the lab's own images begin with.
const own = "lab99/"

// In is the name that an image of the lab's own has in a repository of a registry, "" for
// none. Other images are found where their names say.
func In(repository, ref string) string {
	if rest, ok := strings.CutPrefix(ref, own); ok && repository != "" {
		return strings.TrimSuffix(repository, "/") + "/" + rest
	}
	return ref
}

// Push puts an image of the store into a repository of a registry, and says under which
// name nodes pull it from there. It signs in as `docker login` has. The error is a
// *driver.UnfitError.
func (s *Store) Push(ctx context.Context, ref, repository string) (string, error) {
	path, err := s.File(ref)
	if err != nil {
		return "", err
	}
	img, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		return "", fmt.Errorf("image %s: %s: %w", ref, path, err)
	}
	to, err := name.ParseReference(In(repository, ref))
	if err != nil {
		return "", err
	}
	if err := remote.Write(to, img, remote.WithContext(ctx),
		remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return "", &driver.UnfitError{
			What: fmt.Sprintf("the registry does not take %s", to),
			Err:  err,
			Hint: "`docker login` keeps the password that is used here, and the repository must be one " +
				"that you may push to.",
		}
	}
	return to.String(), nil
}

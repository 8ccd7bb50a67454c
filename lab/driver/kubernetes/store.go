package kubernetes

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
)

// Store keeps the images that the lab makes itself as archives in the user's cache, from
// where they are put onto the nodes. It stands for a container engine where images are
// made.
type Store struct {
	GOARCH string // of the nodes

	mu     sync.Mutex
	pulled map[string]bool // images that the nodes get by themselves
}

var _ image.Engine = (*Store)(nil)

// Arch is the architecture of the nodes.
func (s *Store) Arch(context.Context) (string, error) { return s.GOARCH, nil }

// Agent makes the image of the agents. The error is a *driver.UnfitError where this program
// cannot be it.
func (s *Store) Agent(ctx context.Context) (image.Image, error) {
	path, err := os.Executable()
	if err != nil {
		return image.Image{}, err
	}
	img, err := image.Agent(ctx, s, path)
	if err != nil {
		return img, &driver.UnfitError{What: "the agent's image cannot be made", Err: err}
	}
	return img, nil
}

// dir is where the archives are.
func (s *Store) dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "lab99", "kubernetes"), nil
}

// File is where the archive of an image is, or would be, by the name that containers are started from.
func (s *Store) File(ref string) (string, error) {
	dir, err := s.dir()
	return filepath.Join(dir, strings.NewReplacer("/", "_", ":", "_").Replace(ref)+".tar"), err
}

// Inspect describes an image of the store; the error is fs.ErrNotExist for others. Of those
// that the nodes pull it knows nothing.
func (s *Store) Inspect(_ context.Context, ref string) (image.Inspected, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pulled[ref] {
		return image.Inspected{}, nil
	}
	path, err := s.File(ref)
	if err != nil {
		return image.Inspected{}, err
	}
	if _, err := os.Stat(path); err != nil {
		return image.Inspected{}, fmt.Errorf("image %s: %w", ref, fs.ErrNotExist)
	}
	img, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		return image.Inspected{}, fmt.Errorf("image %s: %s: %w; remove it, and it is made anew", ref, path, err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return image.Inspected{}, fmt.Errorf("image %s: %s: %w", ref, path, err)
	}
	id, err := img.ConfigName()
	if err != nil {
		return image.Inspected{}, err
	}
	return image.Inspected{ID: id.String(), Env: config.Config.Env, Labels: config.Config.Labels}, nil
}

// Pull leaves it to the nodes. That they cannot is seen when they do.
func (s *Store) Pull(_ context.Context, ref string, _ image.Mode, say func(string)) error {
	say("the nodes pull " + ref)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pulled == nil {
		s.pulled = map[string]bool{}
	}
	s.pulled[ref] = true
	return nil
}

// Load takes an archive of one image.
func (s *Store) Load(_ context.Context, archive io.Reader) error {
	dir, err := s.dir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, archive)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(f.Name()) })
	if err != nil {
		return err
	}
	if len(manifest) != 1 || len(manifest[0].RepoTags) != 1 {
		return fmt.Errorf("an archive of one image with one name was expected, not %d", len(manifest))
	}
	path, err := s.File(manifest[0].RepoTags[0])
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/image/recipe"
)

// Files of an unpacked tree, in a directory named by role, suite and recipe.
const (
	treeRoot = "root"       // the root file system
	treeInfo = "image.json" // the Image; written last
)

// Unpack makes sure that this machine has the root file system of a server
// in a directory of the user's cache, for a driver that has no engine. What
// the distribution's packages give is laid out as Resolve would have it in an
// image. It returns the directory that is to become the server's root.
//
// The error is an [*UnavailableError] when the packages gave none.
func Unpack(ctx context.Context, role Role, text string, mode Mode, log func(string)) (Image, string, error) {
	img, root, ok, err := FindUnpacked(ctx, role, text, mode)
	if ok || err != nil {
		return img, root, err
	}
	none := &UnavailableError{Role: role, Ref: text, Mode: mode, Local: true,
		Pull: errors.New("without an engine there is nothing to run a registry's image")}
	r, err := parse(role, text, mode)
	if err != nil {
		return Image{}, "", err
	}
	if none.Assemble = substitutable(role, r, mode); none.Assemble == nil {
		none.Assemble = unpack(ctx, role, r, log)
	}
	if ctx.Err() != nil {
		return Image{}, "", context.Cause(ctx)
	}
	if none.Assemble != nil {
		return Image{}, "", none
	}
	img, root, ok, err = FindUnpacked(ctx, role, text, mode)
	if err == nil && !ok {
		err = fmt.Errorf("image %s: unpacked, and gone again", text)
	}
	return img, root, err
}

// FindUnpacked returns what Unpack would return without unpacking anything;
// false when it would have to.
func FindUnpacked(ctx context.Context, role Role, text string, mode Mode) (Image, string, bool, error) {
	r, err := parse(role, text, mode)
	if err != nil || substitutable(role, r, mode) != nil {
		return Image{}, "", false, err
	}
	dir, suite, err := treeDir(ctx, role, r)
	if errors.Is(err, errNoSuite) {
		return Image{}, "", false, nil
	}
	if err != nil {
		return Image{}, "", false, err
	}
	b, err := os.ReadFile(filepath.Join(dir, treeInfo))
	if errors.Is(err, fs.ErrNotExist) {
		return Image{}, "", false, nil
	}
	var img Image
	if err == nil {
		err = json.Unmarshal(b, &img)
	}
	if err != nil {
		return Image{}, "", false, fmt.Errorf("unpacked %s in %s: %w; remove the directory to have it made anew",
			role, dir, err)
	}
	img.Requested, img.Note = r.Text, substitution(r, role, img.Version, suite)
	return img, filepath.Join(dir, treeRoot), true, nil
}

// substitutable says why packages may not stand in for a reference; nil when
// they may.
func substitutable(role Role, r recipe.Ref, mode Mode) error {
	if mode == Registry {
		return errNotTried
	}
	if mode == Auto && r.Suite == "" && r.Base != string(role) {
		// Someone's own image is not replaced by a stock server unasked.
		return fmt.Errorf("%s is not the stock %s image; --images local uses the distribution's %s in its place",
			r.Text, role, role)
	}
	return nil
}

// treeDir is where the tree for a reference is or will be.
func treeDir(ctx context.Context, role Role, r recipe.Ref) (dir, suite string, err error) {
	rec, err := recipe.For(string(role))
	if err != nil {
		return "", "", err
	}
	if suite, err = suiteOf(ctx, r); err != nil {
		return "", "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", fmt.Errorf("where to unpack packages: %w", err)
	}
	name := fmt.Sprintf("%s-%s-%s", role, suite, hashOf(rec, suite, runtime.GOARCH))
	return filepath.Join(cache, "lab99", "roots", name), suite, nil
}

// unpackedSuites are the releases of distributions of which this user's cache has a
// server's root file system, made as it would be made now.
func unpackedSuites(role Role) []string {
	rec, err := recipe.For(string(role))
	if err != nil {
		return nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	all, _ := filepath.Glob(filepath.Join(cache, "lab99", "roots", string(role)+"-*", treeInfo)) // the pattern is good
	var suites []string
	for _, info := range all {
		name := strings.TrimPrefix(filepath.Base(filepath.Dir(info)), string(role)+"-")
		suite, hash, _ := cutLast(name, "-")
		if hash == hashOf(rec, suite, runtime.GOARCH) {
			suites = append(suites, suite)
		}
	}
	return suites
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func unpack(ctx context.Context, role Role, r recipe.Ref, log func(string)) error {
	dir, suite, err := treeDir(ctx, role, r)
	if err != nil {
		return err
	}
	return fromPackages(ctx, role, suite, runtime.GOARCH, log, func(m made) error {
		if _, err := os.Stat(dir); err == nil {
			return nil // another run was quicker: it had the lock before
		}
		tar, err := layer(m.root)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(tar)
		info, err := json.Marshal(Image{
			Used: assembledTag(role, suite, m.hash), ID: "sha256:" + hex.EncodeToString(sum[:]), Source: Assembled,
			Version: m.version, Program: "/" + m.recipe.Program[1], Packages: strings.Join(m.packages, " "),
		})
		if err != nil {
			return err
		}
		return putTree(dir, m.root, info)
	})
}

// putTree makes the directory of a tree, which is complete or not there.
func putTree(dir string, root map[string]entry, info []byte) error {
	// A fixed name: the caller has a lock, and what a killed run left here goes now.
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	defer os.RemoveAll(fresh) // a half of it would only fill a disk that may be full
	if err := writeTree(filepath.Join(fresh, treeRoot), root); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(fresh, treeInfo), info, 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// writeTree writes a root file system. Modes are set apart from creation,
// which heeds the user's umask: a server may run as somebody else.
func writeTree(dir string, root map[string]entry) error {
	if err := os.MkdirAll(filepath.Dir(filepath.Dir(dir)), 0o755); err != nil {
		return err
	}
	made := map[string]bool{}
	mkdir := func(name string, mode fs.FileMode) error {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		made[name] = true
		return os.Chmod(at, mode.Perm()|mode&fs.ModeSticky)
	}
	parents := func(name string) error {
		for up := path.Dir(name); !made[up]; up = path.Dir(up) {
			if err := mkdir(up, 0o755); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(root)) { // a directory before what is in it
		if err := parents(name); err != nil {
			return err
		}
		e, at := root[name], filepath.Join(dir, name)
		var err error
		switch {
		case e.mode.IsDir():
			err = mkdir(name, e.mode)
		case e.mode&fs.ModeSymlink != 0:
			err = os.Symlink(e.link, at)
		default:
			if err = os.WriteFile(at, e.data, e.mode.Perm()); err == nil {
				err = os.Chmod(at, e.mode.Perm())
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

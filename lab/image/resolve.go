package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/lab99/lab99/lab/image/distro"
	"github.com/lab99/lab99/lab/image/recipe"
)

// Resolve makes sure that the engine has an image for what a scenario asks,
// and says which. log receives a line for each step that takes time.
//
// When no source that the mode permits gives one, the error is an
// [*UnavailableError]. Any other error is the engine's, or a reference that
// means nothing.
func Resolve(ctx context.Context, eng Engine, role Role, text string, mode Mode, log func(string)) (Image, error) {
	if log == nil {
		log = func(string) {}
	}
	r, err := parse(role, text, mode)
	if err != nil {
		return Image{}, err
	}
	img, ok, err := find(ctx, eng, role, r, mode)
	if ok || err != nil {
		return img, err
	}
	none := &UnavailableError{Role: role, Ref: text, Mode: mode, Pull: errNotTried, Assemble: errNotTried}
	switch {
	case r.Suite != "":
		none.Pull = fmt.Errorf("%s names packages of a distribution, no registry's image", text)
	case mode != Local:
		if none.Pull = eng.Pull(ctx, text, mode, log); none.Pull == nil {
			img, ok, err := inspect(ctx, eng, role, r, text, Pulled)
			if err == nil && !ok {
				err = fmt.Errorf("image %s: pulled, but the engine does not have it", text)
			}
			return img, err
		}
		log(fmt.Sprintf("no registry gave %s: %v", text, none.Pull))
	}
	if ctx.Err() != nil {
		return Image{}, context.Cause(ctx)
	}
	if none.Assemble = substitutable(role, r, mode); none.Assemble == nil {
		if img, none.Assemble = assembleFor(ctx, eng, role, r, log); none.Assemble == nil {
			return img, nil
		}
	}
	if ctx.Err() != nil {
		return Image{}, context.Cause(ctx)
	}
	return Image{}, none
}

// Find returns the image that Resolve would return without pulling or
// assembling anything; false when it would have to.
func Find(ctx context.Context, eng Engine, role Role, text string, mode Mode) (Image, bool, error) {
	r, err := parse(role, text, mode)
	if err != nil {
		return Image{}, false, err
	}
	return find(ctx, eng, role, r, mode)
}

func parse(role Role, text string, mode Mode) (recipe.Ref, error) {
	if mode != Auto && mode != Registry && mode != Local {
		return recipe.Ref{}, fmt.Errorf("images %q: expected %s, %s or %s", mode, Auto, Registry, Local)
	}
	if _, err := recipe.For(string(role)); err != nil {
		return recipe.Ref{}, err
	}
	return recipe.ParseRef(text)
}

func find(ctx context.Context, eng Engine, role Role, r recipe.Ref, mode Mode) (Image, bool, error) {
	if mode != Local && r.Suite == "" {
		if img, ok, err := inspect(ctx, eng, role, r, r.Text, Present); ok || err != nil {
			return img, ok, err
		}
	}
	if substitutable(role, r, mode) != nil {
		return Image{}, false, nil
	}
	tag, _, _, err := assembled(ctx, eng, role, r)
	if errors.Is(err, errNoSuite) {
		return Image{}, false, nil // nothing can have been assembled on this host
	}
	if err != nil {
		return Image{}, false, err
	}
	return inspect(ctx, eng, role, r, tag, Assembled)
}

// errNoSuite is a host with no distribution to take packages from.
var errNoSuite = errors.New("no packages for this reference")

// suiteOf is the release of the distribution that a reference is assembled
// from: the one it names, or else the host's.
func suiteOf(ctx context.Context, r recipe.Ref) (string, error) {
	if r.Suite != "" {
		return r.Suite, nil
	}
	suite, err := distro.HostSuite(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoSuite, err)
	}
	return suite, nil
}

// assembled returns the tag that the assembled image for a reference has or
// will have, its suite, and the engine's architecture.
func assembled(ctx context.Context, eng Engine, role Role, r recipe.Ref) (tag, suite, arch string, err error) {
	rec, err := recipe.For(string(role))
	if err != nil {
		return "", "", "", err
	}
	if suite, err = suiteOf(ctx, r); err != nil {
		return "", "", "", err
	}
	// The engine's architecture, not ours: it may be another machine.
	if arch, err = eng.Arch(ctx); err != nil {
		return "", "", "", err
	}
	return assembledTag(role, suite, hashOf(rec, suite, arch)), suite, arch, nil
}

func assembleFor(ctx context.Context, eng Engine, role Role, r recipe.Ref, log func(string)) (Image, error) {
	tag, suite, arch, err := assembled(ctx, eng, role, r)
	if err != nil {
		return Image{}, err
	}
	if err := assemble(ctx, eng, role, suite, arch, log); err != nil {
		return Image{}, err
	}
	img, ok, err := inspect(ctx, eng, role, r, tag, Assembled)
	if err == nil && !ok {
		err = fmt.Errorf("image %s: loaded, but the engine does not have it", tag)
	}
	return img, err
}

// inspect describes an image of the engine's; false when it has none of that name.
func inspect(ctx context.Context, eng Engine, role Role, r recipe.Ref, used string, src Source) (Image, bool, error) {
	found, err := eng.Inspect(ctx, used)
	if errors.Is(err, fs.ErrNotExist) {
		return Image{}, false, nil
	}
	if err != nil {
		return Image{}, false, err
	}
	rec, err := recipe.For(string(role))
	if err != nil {
		return Image{}, false, err
	}
	img := Image{Requested: r.Text, Used: used, ID: found.ID, Source: src, Program: "/" + rec.Program[1]}
	for _, kv := range found.Env {
		if v, ok := strings.CutPrefix(kv, rec.Version+"="); ok {
			img.Version = v
		}
	}
	img.Packages = found.Labels[LabelPackages]
	if src == Assembled {
		suite := strings.TrimPrefix(found.Labels[LabelRequested], recipe.SuitePrefix)
		img.Note = substitution(r, role, img.Version, suite)
	} else if img.Version == "" {
		img.Version = r.Version()
	}
	return img, true, nil
}

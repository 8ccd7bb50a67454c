package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/lab99/lab99/lab/image/distro"
	"github.com/lab99/lab99/lab/image/recipe"
)

// CacheDir is where package lists and packages are kept between runs. Nothing
// in it is needed again once the images are there.
func CacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("where to keep packages: %w", err)
	}
	return filepath.Join(cache, "lab99", "apt"), nil
}

// assembledTag names the image that a recipe makes of a suite's packages.
func assembledTag(role Role, suite, hash string) string {
	return fmt.Sprintf("lab99/%s:%s-%s", role, suite, hash)
}

// made is what following a recipe gave.
type made struct {
	recipe   recipe.Recipe
	hash     string // of the recipe
	root     map[string]entry
	version  string
	packages []string
}

// assemble makes the image of a role from a suite's packages and loads it.
func assemble(ctx context.Context, eng Engine, role Role, suite, arch string, log func(string)) error {
	return fromPackages(ctx, role, suite, arch, log, func(m made) error {
		config := m.recipe.Config
		config.Env = append(config.Env[:len(config.Env):len(config.Env)], m.recipe.Version+"="+m.version)
		config.Labels = map[string]string{
			LabelRole:      string(role),
			LabelRequested: recipe.SuitePrefix + suite,
			LabelVersion:   m.version,
			LabelRecipe:    m.hash,
			LabelPackages:  strings.Join(m.packages, " "),
		}
		return load(ctx, eng, assembledTag(role, suite, m.hash), arch, config, m.root)
	})
}

// fromPackages gathers a role's root file system from a suite's packages and
// hands it over while no other process does the same.
func fromPackages(ctx context.Context, role Role, suite, arch string, log func(string), use func(made) error) error {
	r, err := recipe.For(string(role))
	if err != nil {
		return err
	}
	cache, err := CacheDir()
	if err != nil {
		return err
	}
	archive, err := distro.Open(ctx, cache, suite, arch, log)
	if err != nil {
		return err
	}
	defer archive.Close()
	log(fmt.Sprintf("assembling %s from packages of %s", role, suite))
	root, sel, version, err := follow(ctx, r, archive)
	if err != nil && archive.Stale() && ctx.Err() == nil {
		if upErr := archive.Update(ctx); upErr != nil {
			return errors.Join(err, upErr)
		}
		root, sel, version, err = follow(ctx, r, archive)
	}
	if err != nil {
		return fmt.Errorf("assemble %s from packages of %s: %w", role, suite, err)
	}
	return use(made{r, hashOf(r, suite, arch), root, version, sel.Packages()})
}

// follow gathers the root file system that a recipe describes, and says the version of its
// program.
func follow(ctx context.Context, r recipe.Recipe, archive *distro.Archive) (
	root map[string]entry, _ *distro.Selection, version string, _ error,
) {
	sel, err := archive.Select(ctx, r.Seeds...)
	if err != nil {
		return nil, nil, "", err
	}
	if strings.Contains(r.Program[0], "*") {
		if r.Program[0], err = sel.Find(ctx, r.Program[0]); err != nil {
			return nil, nil, "", err
		}
	}
	root = map[string]entry{}
	take := func(to, from string) error {
		if strings.Contains(from, "*") { // a machine's own directory
			found, err := sel.Find(ctx, from)
			if err != nil {
				return err
			}
			from = found
		}
		f, err := sel.Open(ctx, from)
		if err == nil {
			root[to] = regular(f)
		}
		return err
	}
	if err := take(r.Program[1], r.Program[0]); err != nil {
		return nil, nil, "", err
	}
	for to, from := range r.Files {
		if err := take(to, from); err != nil {
			return nil, nil, "", err
		}
	}
	for _, name := range append([]string{r.Program[0]}, r.Worth...) {
		libs, err := sel.Link(ctx, name)
		if err != nil {
			return nil, nil, "", err
		}
		for to, f := range libs {
			root[to] = regular(f)
		}
	}
	for to, from := range r.Dirs {
		for _, name := range sel.List(from) {
			if err := take(path.Join(to, path.Base(name)), name); err != nil {
				return nil, nil, "", err
			}
		}
	}
	for to, from := range r.Modules {
		for _, name := range sel.List(from) {
			if !sel.Linked(name) {
				continue // LDAP, Lua, HTTP/2: more megabytes that no scenario loads
			}
			if err := take(path.Join(to, path.Base(name)), name); err != nil {
				return nil, nil, "", err
			}
		}
	}
	for to, e := range r.Static {
		root[to] = entry{mode: e.Mode, data: e.Data, link: e.Link}
	}
	return root, sel, sel.Version(r.Program[0]), nil
}

// regular leaves off what does not matter in a container that runs as root.
func regular(f distro.File) entry {
	switch {
	case f.Link != "":
		return entry{mode: fs.ModeSymlink | 0o777, link: f.Link}
	case f.Executable:
		return entry{mode: 0o755, data: f.Data}
	}
	return entry{mode: 0o644, data: f.Data}
}

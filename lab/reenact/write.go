package reenact

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Saved is what was written. Its JSON stands in what `lab99 diagnose --json` prints.
type Saved struct {
	Directory string   `json:"directory"`
	Files     []string `json:"files"`
	Size      string   `json:"size"`    // that a run is quickest with
	Removed   int      `json:"removed"` // directives of nginx's configuration that are not in it
	Assumed   []string `json:"assumed"` // what one look cannot tell
}

// DirectoryError says that a directory may not be written to.
type DirectoryError struct{ msg string }

func (e *DirectoryError) Error() string { return e.msg }

// Free says whether a directory may be written to: it is not there, or empty. The error
// is a *DirectoryError, or why it cannot be looked at.
func Free(dir string) error {
	above := filepath.Dir(filepath.Clean(dir))
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if info, err := os.Stat(above); err != nil || !info.IsDir() {
			return &DirectoryError{fmt.Sprintf("%s: there is no directory %s to make it in", dir, above)}
		}
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &DirectoryError{dir + " is not a directory: name one that is not there yet, or is empty"}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return &DirectoryError{dir + " is not empty: name a directory that is not there yet, or is empty"}
	}
	return nil
}

// Write writes a scenario and what it names to a directory, for the owner alone, and lets
// check look at it. After an error nothing of it is left.
func (c *Case) Write(dir string, check func(dir string) error) (*Saved, error) {
	sizes := c.sizes()
	if len(sizes) == 0 {
		return nil, &NothingError{"more connections are open at once than a lab has clients for", false}
	}
	text, err := c.scenario(nameOf(dir), sizes)
	if err != nil {
		return nil, err
	}
	s := &Saved{Directory: dir, Size: sizes[0].Name, Assumed: append([]string{}, c.Assumed...)}
	files := map[string]string{}
	if c.route != nil {
		as := c.route.configure(0, 1)
		files[configFile] = as.text
		files[pooledFile] = c.route.configure(c.poolSize(sizes[0]), 1).text
		files[moreFile] = c.route.configure(0, sizes[0].More).text
		files[removedFile], s.Removed = c.removed(as.used)
	}
	files[scenarioFile] = string(text)
	// The scenario comes last: what is cut off before it is none.
	for _, name := range []string{configFile, pooledFile, moreFile, removedFile, scenarioFile} {
		if _, ok := files[name]; ok {
			s.Files = append(s.Files, name)
		}
	}
	return s, write(dir, s.Files, files, check)
}

// write writes files in their order. A file that is there, as somebody may have made it
// meanwhile, is not touched.
func write(dir string, names []string, files map[string]string, check func(string) error) (err error) {
	if err := Free(dir); err != nil {
		return err
	}
	made := os.Mkdir(dir, 0o700)
	if made != nil && !errors.Is(made, fs.ErrExist) {
		return made
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	var done []string
	defer func() {
		if err != nil {
			for _, name := range slices.Backward(done) {
				err = errors.Join(err, root.Remove(name))
			}
			if made == nil {
				err = errors.Join(err, os.Remove(dir))
			}
		}
		root.Close()
	}()
	for _, name := range names {
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		done = append(done, name)
		_, err = f.WriteString(files[name])
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return check(dir)
}

// nameOf names the scenario after its directory.
func nameOf(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(filepath.Base(abs)), "-")
	const longest = 63
	name = strings.Trim(name[:min(len(name), longest)], "-")
	return cmp.Or(name, "saved-host")
}

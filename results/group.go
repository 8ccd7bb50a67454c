package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// Names of a group's file, and of the format of it.
const (
	GroupFile   = "group.json"
	GroupSchema = "lab99/group/v1"
)

// MaxRuns bounds a group: how often a run may be repeated at one go.
const MaxRuns = 100

// Group is one run repeated. Its runs are directories beside its own, like any
// others; it only says which belong together.
type Group struct {
	Schema   string   `json:"schema"`
	Scenario string   `json:"scenario"`
	Size     string   `json:"size"`
	Asked    int      `json:"asked"` // how many runs there were to be
	Runs     []string `json:"runs"`  // names of their directories, in order
}

// runName is what Create calls the directory of a run: a name, never a path.
var runName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,254}$`)

// OpenGroup reads a group and returns the directories of its runs. The second
// result is false, without an error, where dir is no group's.
func OpenGroup(dir string) (runs []string, is bool, err error) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	path := filepath.Join(dir, GroupFile)
	var g Group
	switch err := readJSON(path, &g); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, true, &RunError{err}
	}
	if err := g.sound(); err != nil {
		return nil, true, &RunError{fmt.Errorf("%s: %w", path, err)}
	}
	for _, name := range g.Runs {
		runs = append(runs, filepath.Join(filepath.Dir(dir), name))
	}
	return runs, true, nil
}

// sound checks what a stored group is trusted with.
func (g *Group) sound() error {
	if err := readable(g.Schema, GroupSchema); err != nil {
		return err
	}
	if n := len(g.Runs); n == 0 || n > MaxRuns {
		return fmt.Errorf("%d runs, want 1 to %d", n, MaxRuns)
	}
	for _, name := range g.Runs {
		if !runName.MatchString(name) {
			return fmt.Errorf("a run is named %q, want the name of a directory beside the group's", name)
		}
	}
	return nil
}

// NewGroup makes the directory of a group beside that of its first run, and
// named after it.
func NewGroup(firstRun string) (*Store, error) {
	for n := 1; ; n++ {
		dir := firstRun + "-group"
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", dir, n)
		}
		err := os.Mkdir(dir, 0o755)
		if errors.Is(err, fs.ErrExist) && n < MaxRuns {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("make the directory of the group: %w", err)
		}
		return &Store{Dir: dir}, nil
	}
}

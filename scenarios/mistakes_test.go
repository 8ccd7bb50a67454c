package scenarios

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
)

// TestTableOfMistakes reads the archives of testdata/mistakes: each NAME.yaml
// is a scenario with a mistake, and NAME.err beside it what is said of it;
// other files are what the scenarios name. -update writes the latter anew.
func TestTableOfMistakes(t *testing.T) {
	archives, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	cases := 0
	for _, path := range archives {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dir := fstest.MapFS{}
		want := map[string]string{}
		for _, f := range a.Files {
			if name, ok := strings.CutSuffix(f.Name, ".err"); ok {
				want[name] = string(f.Data)
				continue
			}
			dir[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o444}
		}
		renewed := &txtar.Archive{Comment: a.Comment}
		for _, f := range a.Files {
			name, ok := strings.CutSuffix(f.Name, ".yaml")
			if !ok {
				if !strings.HasSuffix(f.Name, ".err") {
					renewed.Files = append(renewed.Files, f)
				}
				continue
			}
			cases++
			got := ""
			t.Run(name, func(t *testing.T) {
				_, err := parseText(files{fsys: dir, dir: "."}, f.Name, f.Data)
				if err == nil {
					t.Fatal("no mistake was found")
				}
				got = err.Error() + "\n"
				placed(t, err)
				if diff := cmp.Diff(want[name], got); diff != "" && !golden.Updating() {
					t.Errorf("-want +got; -update rewrites it:\n%s", diff)
				}
			})
			renewed.Files = append(renewed.Files, f, txtar.File{Name: name + ".err", Data: []byte(got)})
		}
		if golden.Updating() {
			filetest.Write(t, path, txtar.Format(renewed))
		}
	}
	if cases < 60 {
		t.Errorf("%d scenarios, want at least 60", cases)
	}
}

// placed fails unless every mistake has a line and a column, and quotes it.
func placed(t *testing.T, err error) {
	t.Helper()
	var all Errors
	if one := (*Error)(nil); !errors.As(err, &all) && errors.As(err, &one) {
		all = Errors{one}
	}
	if len(all) == 0 {
		t.Fatalf("%T is no mistake of a file: %v", err, err)
	}
	for _, e := range all {
		if e.Line < 1 || e.Column < 1 || e.Column > 1+len([]rune(e.Source)) {
			t.Errorf("at %d:%d of %q: %s", e.Line, e.Column, e.Source, e.Msg)
		}
	}
}

package scenarios

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file under testdata, or rewrites it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", file, diff)
	}
}

func TestEveryMistakeOfAFileIsReportedAtItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no invalid scenarios: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			_, err := Load(file)
			if err == nil {
				t.Fatal("no error")
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%T is no *Error: %v", err, err)
			}
			golden(t, filepath.Join("testdata/invalid", name+".err"), filepath.ToSlash(err.Error())+"\n")
		})
	}
}

func TestLoadSaysWhatIsThereWhenAScenarioIsNot(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ path, want string }{
		{"port-exhaustoin", `did you mean "port-exhaustion"?`},
		{"./nowhere.yaml", "no such file or directory"},
		{dir, "scenario.yaml: cannot read the scenario: no such file or directory"},
	} {
		_, err := Load(c.path)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Load(%s): got %v, want an *Error with %q", c.path, err, c.want)
		}
	}
}

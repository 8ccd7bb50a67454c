package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
)

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
			golden.Compare(t, filepath.Join("testdata/invalid", name+".err"), filepath.ToSlash(err.Error())+"\n")
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

// TestScenarioReadsItsOwnDirectoryOnly: neither a dotted path nor an absolute
// one (invalid/outside.yaml) nor a symbolic link leads out; --set may.
func TestScenarioReadsItsOwnDirectoryOnly(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "own.conf")
	dir := t.TempDir()
	for file, text := range map[string]string{
		outside: "events {} http { server { location / { proxy_pass http://app; } } }",
		filepath.Join(dir, "linked.yaml"): "apiVersion: lab99/v1\nname: x\nports: 500\nrate: 200\nduration: 10s\n" +
			"proxy: {config: link.conf}\nvariants: [{name: a}]\n",
		filepath.Join(dir, "plain.yaml"): "apiVersion: lab99/v1\nname: x\nports: 500\nrate: 200\nduration: 10s\n" +
			"variants: [{name: a}]\n",
	} {
		filetest.Write(t, file, text)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.conf")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(filepath.Join(dir, "linked.yaml")); err == nil ||
		!strings.Contains(err.Error(), "linked.yaml:6:17: ") || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("a symbolic link leads out: %v", err)
	}
	s, err := Load(filepath.Join(dir, "plain.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve("", []string{"proxy.config=" + outside}); err != nil {
		t.Error(err)
	}
}

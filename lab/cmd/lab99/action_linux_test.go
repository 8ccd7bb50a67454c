package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// action is what GitHub would do with action.yml: its scripts, in bash, with the variables
// that GitHub sets. Actions of others, which set Go up and keep the report, are left out.
type action struct {
	t      *testing.T
	dir    string            // the repository that uses it
	values map[string]string // of expressions
	path   string
	Inputs map[string]struct{ Default string }
	Runs   struct{ Steps []step }
}

type step struct {
	ID, Name, If, Shell, Run, Uses string
	Env                            map[string]string
}

var expression = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

func newAction(t *testing.T, dir string) *action {
	t.Helper()
	needs.Program(t, "bash", "bash")
	path := binaryOf(t)
	text := filetest.Read(t, "../../../action.yml")
	a := &action{t: t, dir: dir, path: filepath.Dir(path), values: map[string]string{}}
	if err := yaml.Unmarshal(text, a); err != nil {
		t.Fatal(err)
	}
	for name, in := range a.Inputs {
		a.values["inputs."+name] = in.Default
	}
	return a
}

// step runs the step of a name as GitHub runs `shell: bash`.
func (a *action) step(name string) (output string, code string) {
	a.t.Helper()
	at := slices.IndexFunc(a.Runs.Steps, func(s step) bool { return s.Name == name })
	if at < 0 {
		a.t.Fatalf("no step %q", name)
	}
	s := a.Runs.Steps[at]
	if s.Shell != "bash" || expression.MatchString(s.Run) {
		a.t.Fatalf("step %q: shell %q, and inputs in its script would be code", name, s.Shell)
	}
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(), "PATH="+a.path+":"+os.Getenv("PATH"), "GITHUB_ACTIONS=true")
	for _, file := range []string{"GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"} {
		cmd.Env = append(cmd.Env, file+"="+filepath.Join(a.dir, ".git", file))
	}
	for name, value := range s.Env {
		cmd.Env = append(cmd.Env, name+"="+expression.ReplaceAllStringFunc(value, func(e string) string {
			got, known := a.values[expression.FindStringSubmatch(e)[1]]
			if !known {
				a.t.Fatalf("step %q asks for %s", a.Runs.Steps[at].Name, e)
			}
			return got
		}))
	}
	out, err := cmd.CombinedOutput()
	return string(out), exitStatus(err)
}

// said is what a step left in one of GitHub's files.
func (a *action) said(file string) string {
	b, _ := os.ReadFile(filepath.Join(a.dir, ".git", file)) // it may have said nothing
	return string(b)
}

const base = "github.event.pull_request.base.sha || github.event.before"

// repository has a commit with two configurations, and one that spoils one of them.
func repository(t *testing.T) (dir, before string) {
	t.Helper()
	dir = t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{
			"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main",
		}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, text string) {
		t.Helper()
		filetest.Write(t, filepath.Join(dir, name), text)
	}
	const pooled = "events {}\nhttp {\n  upstream app { server 10.0.0.1:8080; keepalive 32; }\n  server {\n" +
		"    listen 80;\n    location / {\n" +
		"      proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n" +
		"      proxy_pass http://app;\n    }\n  }\n}\n"
	const tcp = "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n" +
		"frontend in\n  bind :80\n  default_backend app\nbackend app\n  server a 10.0.0.1:8080\n"
	git("init", "-q")
	write("deploy/proxy one.conf", pooled)
	write("bad but old.conf", "events {}\nhttp { server { location / { proxy_pass http://10.0.0.1; } } }\n")
	write("README.md", "hello\n")
	git("add", ".")
	git("commit", "-qm", "first")
	before = git("rev-parse", "HEAD")
	write("README.md", "hello again\n")
	git("commit", "-qam", "words")
	write("deploy/proxy one.conf", strings.Replace(pooled, "      proxy_set_header Connection \"\";\n", "", 1))
	write("haproxy.cfg", tcp)
	git("add", ".")
	git("commit", "-qm", "forget a line, and try HAProxy")
	return dir, before
}

// TestActionLintsWhatChanged: annotations of the changed file, and of no other.
func TestActionLintsWhatChanged(t *testing.T) {
	dir, before := repository(t)
	a := newAction(t, dir)
	a.values[base], a.values["inputs.nginx"] = before, "1.26"
	out, code := a.step("lint what changed")
	if code != "1" || !strings.Contains(out, "::warning file=deploy/proxy one.conf,line=3") ||
		strings.Contains(out, "bad but old") || !strings.Contains(out, "::warning file=haproxy.cfg,line=") {
		t.Errorf("exit code %s:\n%s", code, out)
	}

	a.values["inputs.all"] = "true"
	if out, code := a.step("lint what changed"); code != "1" ||
		!strings.Contains(out, "::warning file=bad but old.conf,line=2") {
		t.Errorf("all of them: exit code %s:\n%s", code, out)
	}

	a.values["inputs.all"], a.values["inputs.files"] = "false", "*.txt\n"
	if out, code := a.step("lint what changed"); code != "0" || out != "No configuration changed.\n" {
		t.Errorf("nothing changed: exit code %s:\n%s", code, out)
	}

	a.values["inputs.files"], a.values[base] = "*.conf", strings.Repeat("0", 40) // a new branch
	if out, code := a.step("lint what changed"); code != "64" ||
		!strings.Contains(out, "::error::lab99 does not know what changed") || !strings.Contains(out, "fetch-depth: 0") {
		t.Errorf("no base: exit code %s:\n%s", code, out)
	}

	// What an input says is no code.
	a.values["inputs.files"], a.values[base] = "$(touch hacked)\n`touch hacked`\n*.conf; touch hacked\n", before
	a.values["inputs.nginx"] = "1.26 --prefix /"
	a.step("lint what changed")
	if _, err := os.Stat(filepath.Join(dir, "hacked")); err == nil {
		t.Error("an input was run")
	}
}

// TestActionMeasures: the run's report is where the artifact is taken from.
func TestActionMeasures(t *testing.T) {
	share(t, "netns", tinyLab)
	needs.Root(t)
	dir, _ := repository(t)
	a := newAction(t, dir)
	a.values["inputs.run"], a.values["inputs.scenario"] = "deploy/proxy one.conf",
		"port-exhaustion --size quick --driver netns --set size.ports=100 --set size.duration=2s"
	out, code := a.step("measure it in a lab")
	if code != "0" && code != "1" && code != "2" {
		t.Fatalf("exit code %s:\n%s", code, out)
	}
	said := strings.TrimPrefix(strings.TrimSpace(a.said("GITHUB_OUTPUT")), "report=")
	for _, name := range []string{"latest/report.html", "junit.xml"} {
		if info, err := os.Stat(filepath.Join(dir, said, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(a.said("GITHUB_STEP_SUMMARY"), "baseline") {
		t.Errorf("the build's page says nothing of it: %s", a.said("GITHUB_STEP_SUMMARY"))
	}
}

package report

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
)

// stored is the committed run of the real thing, by file, without its report.
func stored(t testing.TB) map[string][]byte {
	t.Helper()
	const dir = "../example/port-exhaustion-quick"
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "report.") || strings.Contains(path, "charts") ||
			d.Name() == "metrics.txt" || strings.Contains(path, "monitoring") {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files of the example: %v", len(files), err)
	}
	return files
}

// storedPair is the same run, had it had the first two of its four variants.
func storedPair(t testing.TB) map[string][]byte {
	t.Helper()
	files := stored(t)
	var plan results.Plan
	var env results.Env
	var sum results.Summary
	for name, v := range map[string]any{results.PlanFile: &plan, results.EnvFile: &env, results.SummaryFile: &sum} {
		if err := json.Unmarshal(files[name], v); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range plan.Variants[2:] {
		for name := range files {
			if strings.HasPrefix(name, v.Name+"/") {
				delete(files, name)
			}
		}
	}
	plan.Variants, env.Variants, sum.Variants = plan.Variants[:2], env.Variants[:2], sum.Variants[:2]
	for name, v := range map[string]any{results.PlanFile: plan, results.EnvFile: env, results.SummaryFile: sum} {
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		files[name] = append(b, '\n')
	}
	return files
}

func save(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// draft is the Markdown of a directory: all of a report but the drawing.
func draft(dir string) (string, error) {
	run, err := results.Open(dir)
	if err != nil {
		return "", err
	}
	figs, err := chart.Figures(run)
	if err != nil {
		return "", err
	}
	var md bytes.Buffer
	err = newPage(run, figs).markdown(&md)
	return md.String(), err
}

// TestReportOfWhatACrashLeft cuts and drops every file of a real run. Without
// a plan there is no run; of everything else there is a report, and it says
// that it is partial.
func TestReportOfWhatACrashLeft(t *testing.T) {
	t.Parallel()
	whole := storedPair(t)
	dir := filepath.Join(t.TempDir(), "run")
	save(t, dir, whole)
	if md, err := draft(dir); err != nil || strings.Contains(md, "**Partial:**") {
		t.Fatalf("the whole run: %v", err)
	}
	rnd := rand.New(rand.NewPCG(1, 99))
	for name, b := range whole {
		path := filepath.Join(dir, filepath.FromSlash(name))
		cuts := []int{-1, 0, 1, len(b) / 2, len(b) - 2} // -1: no such file
		for range 4 {
			cuts = append(cuts, rnd.IntN(len(b)))
		}
		for _, n := range cuts {
			if n < 0 {
				os.Remove(path)
			} else if err := os.WriteFile(path, b[:n], 0o644); err != nil {
				t.Fatal(err)
			}
			md, err := draft(dir)
			lines := strings.HasSuffix(name, ".jsonl")
			switch base := filepath.Base(name); {
			case base == results.PlanFile:
				if err == nil || !strings.Contains(err.Error(), results.PlanFile) {
					t.Errorf("%s cut at %d: error %v, want one that names it", name, n, err)
				}
			case err != nil:
				t.Errorf("%s cut at %d: no report: %v", name, n, err)
			case base == results.EventsFile && n >= 0 && (n == 0 || b[n-1] == '\n'):
				// Nothing tells how many events there were.
			case base == results.EnvFile, base == results.SummaryFile, base == results.LatencyFile,
				base == results.ServiceFile && n >= 0, lines:
				if !strings.Contains(md, "**Partial:**") || !strings.Contains(md, filepath.Base(name)) {
					t.Errorf("%s cut at %d: the report does not say that it is partial, and of what", name, n)
				}
			case strings.Contains(md, "**Partial:**"):
				t.Errorf("%s cut at %d: partial, though the summary has it all", name, n)
			}
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReportAtEveryStage is of runs that died where the program writes its
// files: the whole report, with pictures.
func TestReportAtEveryStage(t *testing.T) {
	t.Parallel()
	whole := stored(t)
	var partial results.Summary
	if err := json.Unmarshal(whole[results.SummaryFile], &partial); err != nil {
		t.Fatal(err)
	}
	partial.Partial, partial.Variants = true, nil
	none, err := json.Marshal(partial)
	if err != nil {
		t.Fatal(err)
	}
	of := func(prefixes ...string) map[string][]byte {
		some := map[string][]byte{
			results.PlanFile:    whole[results.PlanFile],
			results.EnvFile:     whole[results.EnvFile],
			results.SummaryFile: none,
		}
		for name, b := range whole {
			for _, p := range prefixes {
				if strings.HasPrefix(name, p) {
					some[name] = b
				}
			}
		}
		return some
	}
	underWay := of("baseline/samples", "baseline/events")
	underWay["baseline/samples.jsonl"] = underWay["baseline/samples.jsonl"][:30000]
	unsummed := of("baseline/")
	delete(unsummed, results.SummaryFile)
	for name, tc := range map[string]struct {
		files map[string][]byte
		says  []string
	}{
		"before the first variant": {of(), []string{"**baseline** (one connection per request): not run"}},
		"under way": {underWay, []string{"not judged. The run ended during this variant",
			"samples.jsonl ends in the middle of a record", "**keepalive** (proxy.keepalive: 20): not run"}},
		"judged, and not yet summed": {of("baseline/"), []string{"**baseline** (one connection per request): reproduced"}},
		"without a summary altogether": {unsummed, []string{"**baseline** (one connection per request): reproduced",
			"summary.json is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			save(t, dir, tc.files)
			if err := Write(dir); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{HTMLFile, MarkdownFile} {
				b, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil || !bytes.Contains(b, []byte("Partial")) {
					t.Errorf("%s does not say that it is partial: %v", file, err)
				}
				for _, want := range tc.says {
					if file == MarkdownFile && !bytes.Contains(b, []byte(want)) {
						t.Errorf("%s does not say %q", file, want)
					}
				}
			}
		})
	}
}

// TestHostileDirectories: what reads a directory of anybody's must not follow
// it anywhere.
func TestHostileDirectories(t *testing.T) {
	whole := stored(t)
	replace := func(name, old, with string) func(map[string][]byte) {
		return func(f map[string][]byte) {
			if !bytes.Contains(f[name], []byte(old)) {
				t.Fatalf("%s has no %s", name, old)
			}
			f[name] = bytes.Replace(f[name], []byte(old), []byte(with), 1)
		}
	}
	for name, tc := range map[string]struct {
		spoil func(map[string][]byte)
		want  string
	}{
		"a name that leads away": {replace("plan.json", `"name": "baseline"`, `"name": "../../etc"`),
			`plan.json: a variant is named "../../etc"`},
		"a name twice": {replace("plan.json", `"name": "keepalive"`, `"name": "baseline"`),
			`a variant is named "baseline"`},
		"no variants": {
			func(f map[string][]byte) { f["plan.json"] = []byte(`{"schema":"lab99/plan/v1"}`) },
			"0 variants, want 1 to 100",
		},
		"another schema": {replace("summary.json", `lab99/summary/v1`, `lab99/summary/v9`),
			`summary.json: schema "lab99/summary/v9"`},
		"a row of no variant": {replace("summary.json", `"name": "keepalive"`, `"name": "other"`),
			`a row for "other", which is not in the plan`},
		"garbage in the plan": {replace("plan.json", `"seed"`, `seed`), "plan.json:9:3: invalid character 's'"},
		"a word for a number": {replace("summary.json", `"scheduled": 1501`, `"scheduled": "many"`),
			"summary.json:24:25: json: cannot unmarshal string"},
		"garbage among the samples": {replace("baseline/samples.jsonl", "\n", "\n\x00\xff\n"),
			"samples.jsonl:2:1: invalid character"},
		"a moment beyond all bounds": {replace("baseline/samples.jsonl", `"t_s":0.1`, `"t_s":1e30,"was":0.1`),
			"t_s is 1e+30, want at most 1e+15"},
		"a count beyond all bounds": {replace("baseline/samples.jsonl", `"scheduled":2`, `"scheduled":9000000000000000`),
			"load.scheduled is 9"},
		"garbage for a histogram": {replace("baseline/latency.hlog", "HISTFAAAA", "HISTF!!!!"),
			"latency.hlog:4: illegal base64"},
		"numbers for a histogram": {func(f map[string][]byte) { f["baseline/latency.hlog"] = []byte("#x\n1,2,3\n") },
			"latency.hlog:2: no histogram"},
		"a histogram of nothing real": {replace("baseline/latency.hlog", "7.501000", "1..2"), "latency.hlog:4: "},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{}
			for n, b := range whole {
				files[n] = b
			}
			tc.spoil(files)
			dir := filepath.Join(t.TempDir(), "run")
			save(t, dir, files)
			if _, err := draft(dir); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v\nwant one with %q", err, tc.want)
			}
		})
	}
}

// TestAnyNumberCanBeDrawn puts numbers into a small run that nobody measured.
// Each gives a report or an error; none crashes, and none draws for ever.
func TestAnyNumberCanBeDrawn(t *testing.T) {
	t.Parallel()
	whole := storedPair(t)
	numbers := regexp.MustCompile(`("\w+": ?)(-?\d+(\.\d+)?)`)
	whole64 := []string{"0", "-1", "1", "2147483648", "999999999999999", "-999999999999999", "null"}
	real64 := append([]string{"1e15", "-1e15", "1e-300", "0.1"}, whole64...)
	names := []string{
		"plan.json", "env.json", "summary.json", "baseline/samples.jsonl", "baseline/events.jsonl",
		"keepalive/samples.jsonl",
	}
	rnd := rand.New(rand.NewPCG(9, 9))
	drawn := 0
	for round := range 12 {
		files := map[string][]byte{}
		for n, b := range whole {
			files[n] = b
		}
		share := []float64{0.001, 0.01, 0.2}[round%3]
		for _, n := range names {
			files[n] = numbers.ReplaceAllFunc(files[n], func(b []byte) []byte {
				m, pick := numbers.FindSubmatch(b), real64
				if m[3] == nil {
					pick = whole64
				}
				if rnd.Float64() >= share || bytes.HasPrefix(b, []byte(`"seq"`)) {
					return b
				}
				return append(bytes.Clone(m[1]), pick[rnd.IntN(len(pick))]...)
			})
		}
		dir := filepath.Join(t.TempDir(), "run")
		save(t, dir, files)
		if round%4 > 0 {
			draft(dir)
		} else if err := Write(dir); err == nil {
			drawn++
		} else {
			t.Log(err)
		}
	}
	if drawn == 0 {
		t.Error("not one of them was drawn: the test shows nothing")
	}
}

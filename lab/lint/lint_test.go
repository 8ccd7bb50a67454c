package lint

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/scenarios/finding"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// sample is a report with findings of every level and every kind of place: a
// word, a directive with a block, a line alone, no line.
func sample(t *testing.T) *Report {
	t.Helper()
	c := load(t, "testdata/pool.conf")
	at := func(name string, word int) finding.Finding {
		d := find(c.Files[0].Root, name)
		if d == nil {
			t.Fatalf("no %s in %s", name, c.Name)
		}
		start, end := d.Words[word].Start, d.Words[word].End
		switch {
		case word == 0 && d.HasBlock():
			end = d.Words[len(d.Words)-1].End
		case word == 0:
			end = d.End
		}
		line, column := d.Tree.Position(start)
		return finding.Finding{File: c.Name, Line: line, Column: column, Width: end - start}
	}
	found := func(f finding.Finding, id string, level finding.Level, text, fix string) nginxconf.Finding {
		f.ID, f.Level, f.Text, f.Fix = id, level, text, fix
		return nginxconf.Finding{Finding: f}
	}
	return report(c.Name, c, nginxconf.MustRelease("1.26"), []nginxconf.Finding{
		found(at("keepalive", 0), "inert-pool", finding.Warning, "keepalive 32 does nothing", "map '' to ''"),
		found(at("location", 1), "a-note", finding.Note, "50 % of it, with: a comma\nand a line break", ""),
		found(at("upstream", 0), "an-error", finding.Error, "two of them.", "leave one out"),
		found(finding.Finding{File: c.Name, Line: 1}, "no-column", finding.Warning, "about a line", "another"),
		found(finding.Finding{File: c.Name}, "no-line", finding.Note, "about the file", ""),
	})
}

func load(t *testing.T, name string) *nginxconf.Config {
	t.Helper()
	c, err := nginxconf.Load(name, nginxconf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func find(ds []*nginxconf.Directive, name string) *nginxconf.Directive {
	for _, d := range ds {
		if d.Name() == name {
			return d
		}
		if d := find(d.Block, name); d != nil {
			return d
		}
	}
	return nil
}

// broken is a file that cannot be read, with a mistake behind a character of
// two bytes.
func broken(t *testing.T) *Report {
	t.Helper()
	text := []byte("events {}\nhttp { # ü\n\tserver { é }\n}\n")
	_, err := nginxconf.Load("broken, or not.conf", nginxconf.Options{Text: text})
	if err == nil {
		t.Fatal("it was read")
	}
	m := MistakeOf("broken, or not.conf", err, map[string][]byte{"broken, or not.conf": text})
	return Unread(m, "broken, or not.conf", nginxconf.Release{})
}

// TestForms holds every form against a golden file, and those for programs
// against their schemas.
func TestForms(t *testing.T) {
	reports := []*Report{sample(t), broken(t)}
	for name, write := range map[string]func(*bytes.Buffer, *Report) error{
		"text": func(b *bytes.Buffer, r *Report) error {
			if r.Error != nil {
				return r.Error.Write(b)
			}
			return r.Write(b)
		},
		"json": func(b *bytes.Buffer, r *Report) error {
			text, err := json.MarshalIndent(r, "", "  ")
			if err == nil {
				err = schematest.Lint(t, text)
			}
			b.Write(append(text, '\n'))
			return err
		},
		"github": func(b *bytes.Buffer, r *Report) error { return r.WriteGitHub(b, "/somewhere") },
	} {
		var b bytes.Buffer
		for _, r := range reports {
			if err := write(&b, r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		golden.Compare(t, filepath.Join("testdata", "sample."+name), b.String())
	}
	var b bytes.Buffer
	if err := WriteSARIF(&b, "0.0.1", reports); err != nil {
		t.Fatal(err)
	}
	if err := schematest.SARIF(t, b.Bytes()); err != nil {
		t.Error(err)
	}
	// The rules come and go by themselves.
	var log sarifLog
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	log.Runs[0].Tool.Driver.Rules = nil
	for i := range log.Runs[0].Results {
		log.Runs[0].Results[i].RuleIndex = 0
	}
	text, err := json.MarshalIndent(log, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, filepath.Join("testdata", "sample.sarif"), string(text)+"\n")
}

// TestSchemasRefuse shows that what the forms are held against can fail.
func TestSchemasRefuse(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSARIF(&b, "0.0.1", []*Report{sample(t)}); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"version": "2.1.0"`, `"version": "2.2.0"`}, {`"startLine": 1`, `"startLine": 0`},
		{`"level": "note"`, `"level": "notice"`}, {`"columnKind"`, `"columnsKind"`},
		{`"executionSuccessful": true`, `"exitCode": 0`},
	} {
		doc := strings.Replace(b.String(), change[0], change[1], 1)
		if doc == b.String() || schematest.SARIF(t, []byte(doc)) == nil {
			t.Errorf("SARIF with %s in place of %s is taken", change[1], change[0])
		}
	}
	text, err := json.Marshal(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`lint/v1`, `lint/v2`}, {`"sources":1`, `"sources":0`}, {`"http_version":"1.1"`, `"http_version":"3"`},
		{`"tries"`, `"tires"`}, {`"inert-pool"`, `"Inert pool"`},
		{`"closes_first":"race"`, `"closes_first":"both"`},
	} {
		doc := strings.Replace(string(text), change[0], change[1], 1)
		if doc == string(text) || schematest.Lint(t, []byte(doc)) == nil {
			t.Errorf("JSON with %s in place of %s is taken", change[1], change[0])
		}
	}
}

// TestFile holds what is said of a whole file against a golden file. It has the
// words of the rules, and changes with them.
func TestFile(t *testing.T) {
	const file = "testdata/nginx.conf"
	c := load(t, file)
	for _, release := range []string{"", "1.26", "1.30"} {
		r := New(file, c, nginxconf.MustRelease(release))
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		if !r.Failed() {
			t.Error("its pool is inert, and nothing is at warning or above")
		}
		if release == "" {
			golden.Compare(t, "testdata/nginx.text", b.String())
		}
		text, err := json.Marshal(r)
		if err == nil {
			err = schematest.Lint(t, text)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkLint is an ordinary file from reading to the last byte of the text;
// 50 ms are what it may take.
func BenchmarkLint(b *testing.B) {
	const file = "testdata/nginx.conf"
	for b.Loop() {
		c, err := nginxconf.Load(file, nginxconf.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := New(file, c, nginxconf.Release{}).Write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// TestEveryForm holds what is said of every configuration that package nginxconf
// is tested with against the schemas, and wants each finding's line quoted.
func TestEveryForm(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/nginxconf/testdata/*.conf")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d configurations: %v", len(files), err)
	}
	found := map[string]bool{}
	var reports []*Report
	for _, file := range files {
		text := filetest.Read(t, file)
		c, err := nginxconf.Load(file, nginxconf.Options{})
		r := New
		if err != nil {
			m := MistakeOf(file, err, map[string][]byte{file: text})
			r = func(name string, _ *nginxconf.Config, release nginxconf.Release) *Report {
				return Unread(m, name, release)
			}
		}
		for _, release := range []string{"", "1.22.1", "1.30"} {
			r := r(file, c, nginxconf.MustRelease(release))
			reports = append(reports, r)
			doc, err := json.Marshal(r)
			if err == nil {
				err = schematest.Lint(t, doc)
			}
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}
			for _, f := range r.Findings {
				found[f.ID] = true
				if line, mark := r.span(f).quoted(); f.Line > 0 && (line == "" || !strings.Contains(mark, "^")) {
					t.Errorf("%s:%d:%d: %s quotes %q and marks %q", f.File, f.Line, f.Column, f.ID, line, mark)
				}
			}
		}
	}
	var b bytes.Buffer
	if err := WriteSARIF(&b, "0.0.1", reports); err != nil {
		t.Fatal(err)
	}
	if err := schematest.SARIF(t, b.Bytes()); err != nil {
		t.Error(err)
	}
	if len(found) < len(nginxconf.Rules())/2 {
		t.Errorf("%d ids were found in them, of %d", len(found), len(nginxconf.Rules()))
	}
}

package nginxconf

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/golden"
)

// Each file of testdata, and each directory's nginx.conf, has its routes and
// findings beside it. A first line "# nginx VERSION" gives the release; without
// it the release is not known.
func TestRoutesAndFindingsOfTestdata(t *testing.T) {
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := filepath.Glob("testdata/*/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, dirs...) {
		t.Run(strings.TrimPrefix(file, "testdata/"), func(t *testing.T) {
			golden.Compare(t, strings.TrimSuffix(file, ".conf")+".golden", described(t, file))
		})
	}
}

// described is what the model says about a file, as text.
func described(t *testing.T, file string) string {
	dir, name := filepath.Split(file)
	root := os.DirFS(dir)
	config, err := Load(name, Options{
		Open: func(path string) ([]byte, error) { return fs.ReadFile(root, path) },
		Glob: func(pattern string) ([]string, error) { return fs.Glob(root, pattern) },
	})
	if err != nil {
		return err.Error() + "\n"
	}
	release := Release{}
	if v, ok := strings.CutPrefix(config.Files[0].LineText(1), "# nginx "); ok {
		release = MustRelease(v)
	}
	var b strings.Builder
	if config.Fragment != "" {
		fmt.Fprintf(&b, "a part of %s{}\n", config.Fragment)
	}
	for _, r := range config.Routes(release) {
		describe(&b, r, "")
		if r.Newer != nil {
			describe(&b, r.Newer, "  newer: ")
		}
	}
	a := config.Select(release, Request{})
	fmt.Fprintf(&b, "/ %s: %s\n", a.Kind, a)
	for _, s := range a.Assumed {
		fmt.Fprintf(&b, "  assumed: %s\n", s)
	}
	for _, f := range config.Findings(release) {
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n  fix: %s\n", f.File, f.Line, f.Column, f.Level, f.Text, f.ID, f.Fix)
	}
	return b.String()
}

func describe(b *strings.Builder, r *Route, prefix string) {
	row, err := json.Marshal(r.Row())
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(b, "%s%s\n", prefix, row)
	if prefix != "" {
		return
	}
	more := func(format string, args ...any) { fmt.Fprintf(b, "  "+format+"\n", args...) }
	if r.Variables != nil {
		more("variables %v: %s, one of %d targets, %s", r.Variables, r.Target, r.Of, r.Unknown)
	}
	if u := r.Upstream; u != nil && (u.Method != RoundRobin || len(u.Peers) > 1) {
		more("%s %s", u.Method, u.Key)
		for _, p := range u.Peers {
			more("  %s weight %d max_fails %d fail_timeout %v max_conns %d backup %t down %t resolve %t",
				p.Destination(), p.Weight, p.MaxFails, p.FailTimeout, p.MaxConns, p.Backup, p.Down, p.Resolve)
		}
	}
	if p := r.Pool; p.State != PoolNone {
		more("pool: %d requests, %v, idle %v, local %t", p.Requests, p.Time, p.Timeout, p.Local)
	}
	if d := r.Bind; d.Directive != nil {
		more("bind: %q %v transparent %t ports %t known %t: S = %d", d.Addresses, d.Shares, d.Transparent, d.Ports,
			d.Known, d.Sources())
	}
	if r.Retry.PerFailure != 1 || r.Retry.Directive != nil {
		more("connect() per failure: %d", r.Retry.PerFailure)
	}
	if r.Cache != nil {
		more("cache %s", r.Cache.Zone)
	}
	for _, e := range r.Hides {
		more("502 becomes %s %s, passes on %t", e.Status, e.Target, e.Passes)
	}
	for _, l := range r.Limits {
		more("limit: %s", l.Source())
	}
}

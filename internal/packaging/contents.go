package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// file is one file of a package: where a Linux system has it, and where a tarball, which
// is unpacked anywhere, has it; "" is nowhere.
type file struct {
	system, tarball string
	mode            fs.FileMode
	data            []byte
}

// program is where a package puts it.
const program = "/usr/bin/lab99"

// build compiles the program as `make build` does, and lists what depends on the target.
func build(ctx context.Context, r *release, t target) ([]file, error) {
	binary, err := r.compile(ctx, t)
	if err != nil {
		return nil, err
	}
	name := "lab99"
	if t.os == "windows" {
		name += ".exe"
	}
	notices, err := notices(ctx, r, t)
	if err != nil {
		return nil, err
	}
	files := []file{
		{program, name, 0o755, binary},
		{"/usr/share/doc/lab99/copyright", "LICENSES.txt", 0o644, notices},
	}
	if t.os == "darwin" { // its engines are Linux in a virtual machine, for which labs look beside the program
		inside := target{"linux", t.arch}
		if binary, err = r.compile(ctx, inside); err != nil {
			return nil, err
		}
		files = append(files, file{"", "lab99-linux-" + t.arch, 0o755, binary})
	}
	return files, nil
}

// compile builds the program, with the flags of the Makefile. That of the host is wanted
// twice: to be packed, and to be asked for its completions.
func (r *release) compile(ctx context.Context, t target) (binary []byte, err error) {
	if binary = r.programs[t]; binary != nil {
		return binary, nil
	}
	dir, err := os.MkdirTemp("", "lab99-packaging-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "lab99")
	const cli = "github.com/lab99/lab99/lab/cli"
	stamp := fmt.Sprintf("-s -w -X %s.buildVersion=%s -X %s.buildRevision=%s", cli, r.version, cli, r.revision)
	if _, err := output(ctx, r.source, t.env(),
		"go", "build", "-buildvcs=false", "-trimpath", "-ldflags", stamp, "-o", path,
		"./lab/cmd/lab99"); err != nil {
		return nil, err
	}
	if binary, err = os.ReadFile(path); err == nil {
		r.programs[t] = binary
	}
	return binary, err
}

func (t target) env() []string { return []string{"CGO_ENABLED=0", "GOOS=" + t.os, "GOARCH=" + t.arch} }

// shells have completions, each where its packages look for them.
var shells = []struct{ name, system, tarball string }{
	{"bash", "/usr/share/bash-completion/completions/lab99", "completions/lab99.bash"},
	{"zsh", "/usr/share/zsh/vendor-completions/_lab99", "completions/_lab99"},
	{"fish", "/usr/share/fish/vendor_completions.d/lab99.fish", "completions/lab99.fish"},
}

// trees are files of the sources that packages have.
var trees = []struct{ source, system, tarball string }{
	{"README.md", "/usr/share/doc/lab99/README.md", "README.md"},
	{"LICENSE", "", "LICENSE"},
	{"docs", "/usr/share/doc/lab99/docs", "docs"},
	{"results/monitoring/diagnose", "/usr/share/lab99/monitoring", "monitoring"},
	{"scenarios/port-exhaustion/scenario.yaml", "/usr/share/doc/lab99/examples/port-exhaustion.yaml", ""},
}

// sharedFiles are those that do not depend on the target.
func sharedFiles(ctx context.Context, r *release) (files []file, err error) {
	binary, err := r.compile(ctx, host())
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lab99-packaging-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	own := filepath.Join(dir, "lab99")
	if err := os.WriteFile(own, binary, 0o755); err != nil {
		return nil, err
	}
	for _, s := range shells {
		text, err := output(ctx, r.source, nil, own, "completion", s.name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{s.system, s.tarball, 0o644, []byte(text + "\n")})
	}
	man := filepath.Join(dir, "man")
	if _, err := output(ctx, r.source, nil, "go", "run", "./lab/cmd/man", man); err != nil {
		return nil, err
	}
	err = walk(man, func(name string, text []byte) error {
		files = append(files, file{"", "man/" + name, 0o644, text})
		text, err := compress(text)
		files = append(files, file{"/usr/share/man/man1/" + name + ".gz", "", 0o644, text})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, tree := range trees {
		err := walk(filepath.Join(r.source, filepath.FromSlash(tree.source)), func(name string, text []byte) error {
			files = append(files, file{under(tree.system, name), under(tree.tarball, name), 0o644, text})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	log, err := os.ReadFile(filepath.Join(r.source, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	short, err := compress(log)
	if err != nil {
		return nil, err
	}
	unit, err := unit(r)
	return append(files,
		file{"", "CHANGELOG.md", 0o644, log},
		file{"/usr/share/doc/lab99/changelog.gz", "", 0o644, short},
		file{"/usr/lib/systemd/system/lab99-diagnose.service", "", 0o644, unit},
	), err
}

// unit is the systemd unit with the program where packages have it. Nothing enables it:
// who wants a host to be watched says so.
func unit(r *release) ([]byte, error) {
	const name, mark = "lab/diagnose/exporter/systemd/lab99-diagnose.service", "ExecStart=/usr/local/bin/lab99 "
	text, err := os.ReadFile(filepath.Join(r.source, filepath.FromSlash(name)))
	if err == nil && bytes.Count(text, []byte(mark)) != 1 {
		err = fmt.Errorf("%s: want one %q", name, mark)
	}
	_, rest, _ := bytes.Cut(text, []byte("[Unit]\n")) // above it stands how to install it by hand
	text = append([]byte("[Unit]\n"), rest...)
	return bytes.Replace(text, []byte(mark), []byte("ExecStart="+program+" "), 1), err
}

// walk visits a file, whose name is then "", or all of a directory, by name.
func walk(root string, visit func(name string, text []byte) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return visit(strings.TrimPrefix(filepath.ToSlash(name), "."), text)
	})
}

func under(dir, name string) string {
	if dir == "" || name == "" {
		return dir
	}
	return dir + "/" + name
}

// compress is gzip without a name and a date.
func compress(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

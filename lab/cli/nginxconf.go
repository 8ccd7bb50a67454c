package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// configFlags are those of the verbs that read an nginx configuration.
type configFlags struct {
	nginx, prefix string
	follow        bool
}

func (c *configFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&c.nginx, "nginx", "", "`version` of nginx, such as 1.30, which decides on defaults; without it "+
		"both answers are shown")
	fs.StringVar(&c.prefix, "prefix", "", "`directory` that relative includes start from, and that none may leave "+
		"(default the file's)")
	fs.BoolVar(&c.follow, "follow", false, "read includes outside the prefix too")
	completeFlag(cmd, "nginx", cobra.FixedCompletions([]string{"1.22", "1.26", "1.28", "1.30"}, noFiles))
	_ = cmd.MarkFlagDirname("prefix")
}

// release reads the release, and sees to the prefix.
func (c *configFlags) release() (nginxconf.Release, error) {
	release, err := nginxconf.ParseRelease(c.nginx)
	if err != nil {
		return release, &usageError{fmt.Sprintf("--nginx %s: a version of nginx is expected, such as 1.30 or "+
			"1.22.1; `nginx -v` prints it", c.nginx)}
	}
	if c.prefix != "" {
		if i, err := os.Stat(c.prefix); err != nil || !i.IsDir() {
			return release, &usageError{fmt.Sprintf("--prefix %s: a directory is expected, the one that "+
				"nginx.conf lies in", c.prefix)}
		}
	}
	return release, nil
}

// read reads a main file, and says what it is called. It may be a pipe, as of
// <(nginx -T).
func (c *configFlags) read(t *terminal, name string) (string, []byte, *lint.Mistake) {
	var text []byte
	var err error
	if name == "-" {
		name = lint.Stdin
		text, err = readSome(t.stdin)
	} else {
		text, err = openMain(name)
	}
	if err != nil {
		return name, nil, lint.MistakeOf(name, err, nil)
	}
	return name, text, nil
}

// parse reads a configuration and what it includes, which must be files, so that none
// makes lab99 wait or never ends.
func (c *configFlags) parse(name string, text []byte) (*nginxconf.Config, *lint.Mistake) {
	texts := map[string][]byte{name: text}
	o := nginxconf.Options{Text: text, Prefix: c.prefix, Follow: c.follow, Glob: filepath.Glob}
	o.Open = func(path string) ([]byte, error) {
		text, err := nginxconf.ReadFile(path)
		texts[path] = text
		return text, err
	}
	config, err := nginxconf.Load(name, o)
	if err != nil {
		m := lint.MistakeOf(name, err, texts)
		m.Text += ofOther(name, text)
		return nil, m
	}
	if other := ofOther(name, text); other != "" && len(config.Routes(nginxconf.Release{})) == 0 {
		return nil, &lint.Mistake{File: name, Line: 1, Column: 1,
			Text: "nothing in it passes requests on; expected an nginx.conf or a haproxy.cfg" + other}
	}
	return config, nil
}

// ofOther is the next step for a text that looks like a configuration of a proxy of which lint
// and predict read none; "" for any other.
func ofOther(name string, text []byte) string {
	kind := scenarios.LooksLike(text)
	if kind == "" || slices.Contains(lint.Kinds(), kind) {
		return ""
	}
	if name == lint.Stdin {
		name = "FILE"
	}
	return fmt.Sprintf("; it looks like a configuration of %s: %s", kind, scenarios.AsKind(name, kind))
}

func openMain(path string) ([]byte, error) {
	i, err := os.Stat(path)
	if err == nil && i.IsDir() {
		return nil, fmt.Errorf("it is a directory; name the main file, such as %s", filepath.Join(path, "nginx.conf"))
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, errors.New("permission denied; `sudo nginx -T` prints it for the standard input, -")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("no such file; name an nginx.conf or a haproxy.cfg, or - for standard input")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readSome(f)
}

func readSome(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, nginxconf.MaxFile+1))
	if err == nil && len(b) > nginxconf.MaxFile {
		err = fmt.Errorf("it has more than %d MiB", nginxconf.MaxFile>>20)
	}
	if at := bytes.IndexByte(b, 0); err == nil && at >= 0 {
		err = fmt.Errorf("it is not text in UTF-8: byte %d is 0; an nginx.conf, or the output of nginx -T, is expected",
			at+1)
	}
	if b == nil {
		b = []byte{} // nil would have it opened again
	}
	return b, err
}

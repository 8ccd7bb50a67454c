package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/lab99/lab99/loadgen"
)

// unixTarget splits a target that is a Unix-domain socket, written as nginx
// writes it: unix:/path, unix:/path:/uri, and the same after http:// or https://.
func unixTarget(target string) (socket, url string, ok bool) {
	scheme, rest, found := strings.Cut(target, "://")
	if !found {
		scheme, rest = "http", target
	}
	if rest, ok = strings.CutPrefix(rest, "unix:"); !ok {
		return "", "", false
	}
	socket, uri, _ := strings.Cut(rest, ":")
	return socket, scheme + "://localhost" + uri, true
}

// target is where to: a URL, or a Unix-domain socket.
func (o *loadOptions) target(arg string) error {
	c := &o.config
	o.shown = arg
	if socket, url, ok := unixTarget(arg); ok {
		if c.Unix != "" {
			return &usageError{"the target and --unix both name a Unix-domain socket: give one of them"}
		}
		c.Unix, c.URL = socket, url
		if socket == "" {
			return &usageError{fmt.Sprintf("%s: name the socket, as in unix:/run/app.sock or unix:/run/app.sock:/path",
				arg)}
		}
		return nil
	}
	if c.URL = arg; !strings.Contains(arg, "://") {
		c.URL = "http://" + arg
		o.shown = c.URL
	}
	if c.Unix != "" {
		o.shown += " through unix:" + c.Unix
	}
	return nil
}

// readAll reads a file that a flag names, or what is typed in: "-".
func readAll(stdin io.Reader, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(file)
}

// readBody takes the body, or the bodies, from what the flags name.
func (f *loadFlags) readBody(stdin io.Reader) (err error) {
	c := &f.o.config
	switch {
	case f.bodies != "":
		b, err := readAll(stdin, f.bodies)
		if err != nil {
			return orFlag("--bodies", err)
		}
		for line := range bytes.Lines(b) {
			if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
				c.Bodies = append(c.Bodies, line)
			}
		}
		if len(c.Bodies) == 0 {
			return &usageError{fmt.Sprintf("--bodies: %s has no line, want one body on each", f.bodies)}
		}
	case f.dataGiven:
		if name, ok := strings.CutPrefix(f.data, "@"); ok {
			return &usageError{fmt.Sprintf("--data sends its text as it stands; --body %s sends a file",
				cmp.Or(name, "FILE"))}
		}
		c.Body = []byte(f.data)
	case f.body != "":
		if c.Body, err = readAll(stdin, f.body); err != nil {
			return &usageError{"--body: " + err.Error() + "\n  --data sends text."}
		}
	default:
		return nil
	}
	if c.Method == "" && len(c.Mix) == 0 {
		c.Method = "POST"
	}
	for i := range c.Mix {
		if r := &c.Mix[i]; r.Body == nil && r.Method != "" && r.Method != "GET" && r.Method != "HEAD" {
			r.Body = c.Body
		}
	}
	return nil
}

// readTargets takes the requests from the file that --targets names.
func (f *loadFlags) readTargets(stdin io.Reader) (err error) {
	if f.targets != "" {
		f.o.config.Mix, err = parseTargets(stdin, f.targets, f.o.config.URL)
	}
	return orFlag("--targets", err)
}

// headerLine tells a header from a URL, which has slashes after its colon.
var headerLine = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+:(?:[^/]|/[^/]|$)")

// parseTargets reads a file of requests: a line for each, as of --mix,
//
//	[WEIGHT] [METHOD] /path or URL
//
// and below it, as in vegeta's files, its headers and @FILE, its body, which is
// looked for beside the file of targets. Blank lines and lines from # are left
// out.
func parseTargets(stdin io.Reader, file, target string) ([]loadgen.Request, error) {
	b, err := readAll(stdin, file)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(target)
	if err != nil {
		return nil, nil // package loadgen says what is wrong with it
	}
	var mix []loadgen.Request
	bodies := map[string][]byte{}
	for n, text := range strings.Split(string(b), "\n") {
		text = strings.TrimSpace(text)
		wrong := func(format string, args ...any) error {
			return fmt.Errorf("%s:%d: %q: %s", file, n+1, text, fmt.Sprintf(format, args...))
		}
		body, isBody := strings.CutPrefix(text, "@")
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
			continue
		case len(mix) == 0 && (isBody || headerLine.MatchString(text)):
			return nil, wrong("want a target before it, [WEIGHT] [METHOD] /path, as in \"3 GET /a\"")
		case isBody:
			r := &mix[len(mix)-1]
			if r.Body != nil {
				return nil, wrong("the target has a body already")
			}
			if r.Body, err = bodyOf(bodies, filepath.Dir(file), body); err != nil {
				return nil, wrong("%v", err)
			}
			r.Method = cmp.Or(r.Method, "POST")
		case headerLine.MatchString(text):
			r := &mix[len(mix)-1]
			r.Header = append(r.Header, text)
		default:
			r, err := parseRequest(text, base)
			if err != nil {
				return nil, wrong("%v", err)
			}
			mix = append(mix, r)
		}
	}
	if len(mix) == 0 {
		return nil, fmt.Errorf("%s has no target: want lines like \"3 GET /a\"", file)
	}
	return mix, nil
}

// bodyOf reads each file once, however many targets send it.
func bodyOf(read map[string][]byte, dir, file string) ([]byte, error) {
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	if b, ok := read[file]; ok {
		return b, nil
	}
	b, err := os.ReadFile(file)
	if b == nil {
		b = []byte{}
	}
	read[file] = b
	return b, err
}

package nginxconf

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// The files of testdata measured: with the test's addresses in place of their
// own, a real nginx opens as many connections as the model says, and the one
// whom the model names closes them.
func TestTestdataIsWhatNginxDoes(t *testing.T) {
	program := realNginx()
	needs.Program(t, "netns", program)
	needs.Root(t)
	release := realRelease(t, program)
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil {
		t.Fatal(err)
	}
	measured, kinds := 0, map[string]int{}
	for _, file := range files {
		config, err := Load(file, Options{})
		if err != nil || !config.measurable(release) {
			continue
		}
		for _, r := range config.Routes(release) {
			if path, ok := config.pathTo(r, release); ok {
				t.Run(fmt.Sprintf("%s/%d", filepath.Base(file), r.Pass.Line), func(t *testing.T) {
					measure(t, program, config, r, path)
				})
				measured++
				kinds[fmt.Sprintf("%s %s %s", r.Protocol, r.Pool.State, r.ClosesFirst)]++
			}
		}
	}
	t.Logf("nginx %s: %d routes measured: %v", release, measured, kinds)
	if measured < 20 {
		t.Errorf("only %d routes could be measured", measured)
	}
}

// measurable says whether a file is for the release, and nginx starts with it
// here.
func (c *Config) measurable(release Release) bool {
	if said, ok := strings.CutPrefix(c.Files[0].LineText(1), "# nginx "); ok {
		r := MustRelease(said)
		if r.pools() != release.pools() || r.since(thousand) != release.since(thousand) {
			return false
		}
	}
	return c.Fragment == "" && len(c.model.streams) == 0 && !foreign(c.Files[0].Text) && !c.Dump &&
		!slices.ContainsFunc(c.Findings(release), func(f Finding) bool {
			return f.Level == Error ||
				f.ID == "include-not-found"
		})
}

// pathTo finds a path whose requests take a route, and one that can be measured:
// every request makes a connection or uses one.
func (c *Config) pathTo(r *Route, release Release) (string, bool) {
	if r.Unknown != "" || r.Of > 1 || r.Cache != nil || r.Protocol == HTTPS || r.Protocol == GRPC ||
		r.Protocol == UDP || r.Bind.Transparent || r.Bind.Ports ||
		len(r.Destinations()) != len(r.Upstream.up()) || r.Upstream.Peers[0].Resolve || r.HTTPVersion == "2" ||
		r.Pool.State == PoolWorks && r.Pool.Size < len(r.Upstream.up()) {
		return "", false
	}
	for _, path := range []string{"/", "/a", "/b", "/b/c", "/ws", "/acc", "/u", "/s", "/x.php", "/kept/", "/bare/",
		"/off", "/live", "/static/", "/nest/a"} {
		a := c.Select(release, Request{Port: r.Server.Listens[0].Port, Host: plainName(r.Server), Path: path})
		if a.Kind == AnswerRoute && len(a.Routes) == 1 && a.Routes[0].Pass == r.Pass && len(a.Also) == 0 &&
			len(a.Assumed) == 0 {
			return path, true
		}
	}
	return "", false
}

// measure runs nginx on a copy that has the test's addresses.
func measure(t *testing.T, program string, config *Config, r *Route, path string) {
	const requests = 12
	b := startBackend(t, r.Protocol)
	dir := t.TempDir()
	port := int(needs.Port(t))
	file := filepath.Join(dir, "nginx.conf")
	filetest.Write(t, file, rewritten(config, r, b, dir, port))
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o700); err != nil { // nginx's default for the access log
		t.Fatal(err)
	}
	var out strings.Builder
	cmd := exec.CommandContext(t.Context(), program, "-p", dir, "-c", file, "-e", "stderr", "-g",
		"daemon off; master_process off; pid "+dir+"/nginx.pid;")
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop := sync.OnceFunc(func() { cmd.Process.Kill(); <-ended })
	defer stop()
	if !started(dir+"/nginx.pid", ended) {
		t.Fatalf("nginx: %s", out.String())
	}
	for range requests {
		resp, _, err := ask(Request{Port: port, Host: plainName(r.Server), Path: path, Method: "GET"})
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%v %v\n%s", resp, err, out.String())
		}
	}
	want := requests
	if r.Pool.State == PoolWorks {
		want = len(r.Upstream.up())
		if r.Upstream.Method == Hash || r.Upstream.Method == IPHash {
			want = 1 // one key
		}
		if n := r.Pool.Requests; n < requests {
			want = want * requests / n
		}
	}
	byNginx := r.ClosesFirst == ClosedByNginx && r.Pool.State != PoolWorks
	opened, nginxFirst := b.counts()
	for range 200 { // the last one may still be closing
		if !byNginx || nginxFirst == want {
			break
		}
		time.Sleep(5 * time.Millisecond)
		opened, nginxFirst = b.counts()
	}
	if opened != want {
		t.Errorf("%d requests opened %d connections, want %d: pool %+v", requests, opened, want, r.Pool)
	}
	if r.Pool.State != PoolWorks && (nginxFirst == opened) != byNginx {
		t.Errorf("nginx closed %d of %d connections first, model: %s", nginxFirst, opened, r.ClosesFirst)
	}
}

// rewritten puts the backend in place of every address, and the ports of
// listens out of the way.
func rewritten(config *Config, r *Route, b *backend, dir string, port int) string {
	type edit struct {
		start, end int
		text       string
	}
	var edits []edit
	number := map[string]int{}
	for _, s := range config.sites() {
		to := ""
		switch n, seen := number[s.text]; {
		case s.source:
			to = "127.0.0.1"
		case strings.HasPrefix(s.text, "unix:"):
			continue
		case !seen:
			number[s.text] = len(number)
			n = number[s.text]
			fallthrough
		default:
			to = b.addresses[n%len(b.addresses)]
		}
		edits = append(edits, edit{s.start, s.end, to})
	}
	for i, s := range config.model.servers {
		for j, l := range s.Listens {
			if l.Directive == nil {
				continue
			}
			w := l.Directive.Words[1]
			to := fmt.Sprintf("unix:%s/%d-%d.sock", dir, i, j)
			if s == r.Server && j == 0 {
				to = fmt.Sprintf("127.0.0.1:%d", port)
			}
			edits = append(edits, edit{w.Start, w.End, to})
		}
	}
	slices.SortFunc(edits, func(a, b edit) int { return b.start - a.start })
	text := config.Files[0].Text
	for _, e := range edits {
		text = text[:e.start] + e.text + text[e.end:]
	}
	return text
}

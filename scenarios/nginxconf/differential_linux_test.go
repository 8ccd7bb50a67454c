package nginxconf

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// The model against the real nginx: for random configurations and requests both
// name the same location, status, peers, protocol version and Connection
// header. LAB99_DIFFERENTIAL=1000 runs as many configurations, LAB99_NGINX is
// another nginx than the one on the PATH.
func TestModelIsWhatNginxDoes(t *testing.T) {
	program := realNginx()
	needs.Program(t, "netns", program)
	count, from := 200, uint64(1)
	if s := os.Getenv("LAB99_DIFFERENTIAL"); s != "" {
		text, seed, _ := strings.Cut(s, "@") // 1@37: seed 37 alone
		count, _ = strconv.Atoi(text)
		if n, err := strconv.ParseUint(seed, 10, 64); err == nil {
			from = n
		}
	}
	release := realRelease(t, program)
	backend := startEcho(t)
	var mu sync.Mutex
	right, asked := 0, 0
	kinds := map[AnswerKind]int{}
	seeds := make(chan uint64)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for seed := range seeds {
				wrong, n, seen := compare(t, program, release, seed, backend)
				mu.Lock()
				asked += n
				for k, v := range seen {
					kinds[k] += v
				}
				if wrong == "" {
					right++
				} else {
					t.Errorf("seed %d: %s", seed, wrong)
				}
				mu.Unlock()
			}
		})
	}
	for i := range uint64(count) {
		seeds <- from + i
	}
	close(seeds)
	wg.Wait()
	t.Logf("nginx %s: %d of %d configurations right, %d requests: %v", release, right, count, asked, kinds)
	if count >= 100 && kinds[AnswerRoute] < asked/3 {
		t.Errorf("only %d of %d requests reached a backend: the configurations show too little", kinds[AnswerRoute],
			asked)
	}
}

func realNginx() string { return cmp.Or(os.Getenv("LAB99_NGINX"), "nginx") }

func realRelease(t *testing.T, program string) Release {
	out, err := exec.Command(program, "-v").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	_, v, _ := strings.Cut(strings.TrimSpace(string(out)), "nginx/")
	r, err := ParseRelease(v)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compare runs one configuration, and says what differs; "" for nothing.
func compare(t *testing.T, program string, release Release, seed uint64, backend []int) (wrong string, asked int,
	kinds map[AnswerKind]int) {
	dir, err := os.MkdirTemp("", "nginxconf")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ports := [2]int{int(needs.Port(t)), int(needs.Port(t))}
	text := randomConfig(seed, ports, backend, dir)
	file := filepath.Join(dir, "nginx.conf")
	filetest.Write(t, file, text)
	config, err := Load(file, Options{})
	if err != nil {
		return err.Error(), 0, nil
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "-p", dir, "-c", file, "-e", "stderr")
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return err.Error(), 0, nil
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { cmd.Process.Kill(); <-ended }()
	if !started(dir+"/nginx.pid", ended) {
		return "nginx did not start: " + stderr.String() + "\n" + numbered(text), 0, nil
	}
	kinds = map[AnswerKind]int{}
	r := &random{Rand: rand.New(rand.NewPCG(seed, 7)), ports: ports}
	for _, q := range r.requests() {
		a := config.model.answer(release, q, true)
		kinds[a.Kind]++
		asked++
		if s := differs(a, q); s != "" {
			return fmt.Sprintf("%s %s Host %s port %d %v: %s\n%s", q.Method, q.Path, q.Host, q.Port, q.Header, s,
				numbered(text)), asked, kinds
		}
	}
	return "", asked, kinds
}

// started waits for nginx's pid file, which it writes once it listens.
func started(pid string, ended chan error) bool {
	for range 1000 {
		if _, err := os.Stat(pid); err == nil {
			return true
		}
		select {
		case err := <-ended:
			ended <- err
			return false
		case <-time.After(2 * time.Millisecond):
		}
	}
	return false
}

func numbered(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		fmt.Fprintf(&b, "%3d %s\n", i+1, line)
	}
	return b.String()
}

// differs asks nginx the same, and says what is otherwise.
func differs(a Answer, q Request) string {
	if a.Kind == AnswerNobody {
		_, _, err := ask(q)
		if err == nil {
			return "model: nobody listens"
		}
		return ""
	}
	times := 1
	var up []int
	if a.Kind == AnswerRoute && len(a.Routes) == 1 && a.Routes[0].Upstream != nil {
		for _, p := range a.Routes[0].Upstream.up() {
			up = append(up, p.Port)
			times += p.Weight
		}
		if m := a.Routes[0].Upstream.Method; len(up) == 1 || m == Random {
			times = 1
		}
	}
	reached := map[int]bool{}
	for range times {
		resp, e, err := ask(q)
		if err != nil {
			return err.Error()
		}
		where := ""
		if d := a.conf.find("add_header"); d != nil {
			where = d.Arg(2)
		}
		if got := resp.Header.Get("X-Where"); got != where {
			return fmt.Sprintf("nginx was at X-Where %s (status %d), model at %s: %+v", got, resp.StatusCode, where, a)
		}
		if a.Kind != AnswerRoute {
			if e != nil {
				return fmt.Sprintf("nginx asked a backend, model says %s %d", a.Kind, a.Status)
			}
			if resp.StatusCode != a.Status {
				return fmt.Sprintf("nginx answered %d, model says %s %d", resp.StatusCode, a.Kind, a.Status)
			}
			continue
		}
		if e == nil {
			if resp.StatusCode == 502 && slices.ContainsFunc(a.Routes,
				func(r *Route) bool { return r.Upstream != nil && r.Upstream.Peers[0].Resolve && r.Resolver == nil }) {
				continue // no resolver: nginx cannot look the name up
			}
			return fmt.Sprintf("nginx answered %d without a backend, model says %v", resp.StatusCode, a)
		}
		if s := differsRoute(a.Routes, e); s != "" {
			return s
		}
		reached[e.Port] = true
	}
	if len(up) == 1 && len(a.Routes) == 1 && !a.Routes[0].Upstream.Peers[0].Resolve {
		if s := differsPool(a.Routes[0], q); s != "" {
			return s
		}
	}
	for _, p := range up {
		if times > 1 && !reached[p] {
			return fmt.Sprintf("nginx reached %v, model says %v", reached, up)
		}
	}
	return ""
}

// differsPool asks twice: a pool that works uses the connection again. keepalive
// in nginx is for the next request of the same worker, so nothing may come
// between.
func differsPool(r *Route, q Request) string {
	_, first, err := ask(q)
	if err != nil || first == nil {
		return fmt.Sprintf("asked again: %v", err)
	}
	time.Sleep(3 * time.Millisecond) // keepalive_timeout 0 needs a turn of the event loop
	_, second, err := ask(q)
	if err != nil || second == nil {
		return fmt.Sprintf("asked again: %v", err)
	}
	if again := first.Connected == second.Connected; again != (r.Pool.State == PoolWorks) {
		return fmt.Sprintf("nginx used the connection again: %t, model: pool %+v", again, r.Pool)
	}
	return ""
}

func differsRoute(routes []*Route, e *echo) string {
	var said []string
	for _, r := range routes {
		peer := r.Upstream != nil && slices.ContainsFunc(r.Upstream.up(), func(p Peer) bool { return p.Port == e.Port })
		connection := r.Header.Value == strings.Join(e.Connection, ", ") && r.Header.Known
		if peer && connection && r.HTTPVersion == e.Proto {
			return ""
		}
		said = append(said, fmt.Sprintf("%s HTTP/%s Connection %q", r.Target, r.HTTPVersion, r.Header.Value))
	}
	return fmt.Sprintf("nginx: port %d HTTP/%s Connection %q, model: %v", e.Port, e.Proto, e.Connection, said)
}

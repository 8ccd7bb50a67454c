package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/schedule"
	"github.com/lab99/lab99/results"
)

// binary builds the program once, as `make build` does: the engine's hosts
// run a copy of it, so it must be static.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryDir, "lab99")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

// binaryOf is its path.
func binaryOf(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// setIPv4 sets sysctls of net.ipv4 in the thread's network namespace.
func setIPv4(t testing.TB, values map[string]string) {
	t.Helper()
	for name, value := range values {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	}
}

// sleeper is a process that does nothing, in the thread's namespaces, until the test ends.
func sleeper(t testing.TB) *os.Process {
	t.Helper()
	cmd := exec.Command("sleep", "300")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process
}

// invocation is one run of the program.
type invocation struct {
	driver, path   string // of the program
	cmd            *exec.Cmd
	began          time.Time
	out            string // the directory of its runs
	stdout, stderr output
}

// output is what a program has printed so far; a test may look while it runs.
type output struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// engines are those that tests have of their own: DOCKER_HOST by the test's name.
var engines sync.Map

// useEngine has the commands of a test and of its subtests go to an engine of its own. Unlike
// t.Setenv it leaves the test parallel.
func useEngine(t testing.TB, host string) {
	engines.Store(t.Name(), host)
	t.Cleanup(func() { engines.Delete(t.Name()) })
}

// ownHost is the engine of the test's own; "": it has none.
func ownHost(t testing.TB) string {
	for name, more := t.Name(), true; more; {
		if host, ok := engines.Load(name); ok {
			return host.(string)
		}
		at := strings.LastIndexByte(name, '/')
		if more = at >= 0; more {
			name = name[:at]
		}
	}
	return ""
}

// onItsEngine has a command go to the engine of the test.
func onItsEngine(t testing.TB, cmd *exec.Cmd) *exec.Cmd {
	if host := ownHost(t); host != "" {
		cmd.Env = append(cmd.Environ(), "DOCKER_HOST="+host)
	}
	return cmd
}

// share lets labs of other tests be up beside this one's, as far as the machine
// bears them. Labs on containers take turns: what is left of one is looked for
// in the whole engine. A test without share is alone on the machine: it measures
// time, or touches what all labs have in common.
func share(t *testing.T, driver string, need schedule.Need) {
	t.Helper()
	if driver == "docker" {
		onEngine.turn(t)
		return
	}
	t.Parallel()
	room(t, need)
}

// engineTurns has tests on containers one after the other. They share one
// place on the machine, from before the first until after the last: were each to
// queue for its own, the engine would idle meanwhile, and be what all wait for in
// the end.
type engineTurns struct {
	need  schedule.Need // of the place, what the engine does to start and remove containers included
	busy  sync.Mutex    // held by the test whose turn it is
	mu    sync.Mutex    // guards what follows
	tests int           // that have their turn or wait for it
	place *schedule.Place
}

// turn makes the test a parallel one and waits for its turn. While serial tests run, nobody
// else has a place: who comes first there takes it at once, where there is room.
func (e *engineTurns) turn(t *testing.T) {
	t.Helper()
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	e.enter(soon)
	cancel()
	t.Cleanup(e.leave)
	t.Parallel()
	began := time.Now()
	e.busy.Lock()
	t.Cleanup(e.busy.Unlock)
	if err := e.takePlace(t.Context()); err != nil {
		t.Fatal(err)
	}
	logWait(t, began)
}

func (e *engineTurns) enter(ctx context.Context) {
	e.mu.Lock()
	e.tests++
	e.mu.Unlock()
	e.takePlace(ctx) // or later
}

// takePlace takes the place that the tests share, unless they have it.
func (e *engineTurns) takePlace(ctx context.Context) (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.place == nil {
		e.place, err = machine.Acquire(ctx, e.need)
	}
	return err
}

func (e *engineTurns) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tests--; e.tests == 0 && e.place != nil {
		e.place.Release()
		e.place = nil
	}
}

// room waits until the machine bears what a parallel test needs.
func room(t *testing.T, need schedule.Need) (release func()) {
	t.Helper()
	began := time.Now()
	place, err := machine.Acquire(t.Context(), need)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(place.Release)
	logWait(t, began)
	return place.Release
}

// logWait says how much of a test's time was waiting for the others.
func logWait(t *testing.T, began time.Time) {
	t.Helper()
	t.Logf("waited %.1f s for room", time.Since(began).Seconds())
}

// machine is what the tests share, and the turns are those of the machine's engine and of
// engines that tests have of their own, most of which hold no law.
var (
	machine     = schedule.New(runtime.NumCPU(), 0, false, "")
	onEngine    = engineTurns{need: schedule.Need{Cores: 0.6}}
	onOwnEngine = engineTurns{need: schedule.Need{Cores: 0.45}}
)

// What commands need: a run of tiny, one of a quick size with one lab at a time, one with two
// labs. A lab under load takes 0.26 cores at 100 requests per second and 0.34 at 200
// (lab/estimate.go), and a report a second of a processor once. With a tenth less for each,
// half a minute was saved, and in one run of four a generator was late.
var (
	tinyLab  = schedule.Need{Cores: 0.4}
	quickLab = schedule.Need{Cores: 0.45}
	manyLabs = schedule.Need{Cores: 0.7}
)

// start runs the program in the background, on containers.
func start(t *testing.T, args ...string) *invocation {
	t.Helper()
	return startOn(t, "docker", args...)
}

// startOn runs the program in the background, for a quarter of an hour at most.
func startOn(t *testing.T, driver string, args ...string) *invocation {
	t.Helper()
	return startWithin(t, 15*time.Minute, driver, args...)
}

// ran runs the program to its end, as expected.
func ran(t *testing.T, driver string, args ...string) *invocation {
	t.Helper()
	return ranTo(t, "0", driver, args...)
}

// ranTo runs the program to an exit code. What the machine disturbs, a hypervisor that takes
// processors away for instance, is *invalid*: the product says so with exit code 2, and is
// asked once more.
func ranTo(t *testing.T, want, driver string, args ...string) *invocation {
	t.Helper()
	i := startOn(t, driver, args...)
	code := exitStatus(i.cmd.Wait())
	if code == "2" && (want != "2" || i.invalid(t)) {
		t.Logf("disturbed, and so made once more:\n%s", i.stdout.String())
		i = startOn(t, driver, args...)
		code = exitStatus(i.cmd.Wait())
	}
	if code != want {
		t.Errorf("exit code %s, want %s", code, want)
	}
	return i
}

// invalid says whether a variant of the run is.
func (i *invocation) invalid(t *testing.T) bool {
	t.Helper()
	return slices.ContainsFunc(i.summary(t).Variants, func(v results.Variant) bool { return v.Verdict == law.Invalid })
}

// startWithin runs the program in the background. Whatever becomes of the test,
// it is killed and its lab swept away.
func startWithin(t *testing.T, limit time.Duration, driver string, args ...string) *invocation {
	t.Helper()
	i, begin := prepare(t, limit, driver, args...)
	begin()
	return i
}

// prepare makes an invocation that begin starts.
func prepare(t *testing.T, limit time.Duration, driver string, args ...string) (_ *invocation, begin func()) {
	t.Helper()
	switch {
	case driver == "netns":
		needs.Root(t)
	case ownHost(t) == "":
		needs.Docker(t)
	}
	path := binaryOf(t)
	if driver == "netns" {
		// Under a name of its own, by which its processes can be told apart.
		own := filepath.Join(t.TempDir(), "lab99")
		if err := os.Link(path, own); err != nil {
			t.Fatal(err)
		}
		path = own
	}
	i := &invocation{driver: driver, path: path, out: filepath.Join(t.TempDir(), "runs")}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	i.cmd = exec.CommandContext(ctx, path, append([]string{args[0], "--driver", driver, "--out", i.out}, args[1:]...)...)
	i.cmd.Stdout, i.cmd.Stderr = &i.stdout, &i.stderr
	onItsEngine(t, i.cmd)
	t.Cleanup(cancel)
	return i, func() { i.start(t, path, cancel) }
}

func (i *invocation) start(t *testing.T, path string, cancel func()) {
	t.Helper()
	i.began = time.Now()
	if err := i.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		i.cmd.Wait() // an error where the test has waited already
		if t.Failed() {
			if i.driver == "docker" {
				sweep(t, path)
			}
			t.Logf("stderr:\n%s\nstdout:\n%s", i.stderr.String(), i.stdout.String())
		}
	})
}

// sweep keeps a failed test's leftovers from failing the next one.
func sweep(t *testing.T, path string) {
	t.Helper()
	out, err := onItsEngine(t, exec.Command(path, "clean")).CombinedOutput()
	t.Logf("clean: %v\n%s", err, out)
}

// onEach runs a test of a tiny lab on each driver.
func onEach(t *testing.T, test func(t *testing.T, driver string)) {
	t.Parallel()
	for _, driver := range []string{"docker", "netns"} {
		t.Run(driver, func(t *testing.T) {
			share(t, driver, tinyLab)
			test(t, driver)
		})
	}
}

// wait waits for the end and checks the exit code.
func (i *invocation) wait(t *testing.T, code string) {
	t.Helper()
	if got := exitStatus(i.cmd.Wait()); got != code {
		t.Errorf("exit code %s, want %s", got, code)
	}
}

// dir is the directory of the run.
func (i *invocation) dir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(filepath.Join(i.out, "latest"))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// summary reads summary.json and holds it against its schema.
func (i *invocation) summary(t *testing.T) results.Summary {
	t.Helper()
	return summaryIn(t, i.dir(t))
}

func summaryIn(t *testing.T, dir string) results.Summary {
	t.Helper()
	b := filetest.Read(t, filepath.Join(dir, results.SummaryFile))
	if err := schematest.Summary(t, b); err != nil {
		t.Errorf("summary.json does not fit its schema: %v", err)
	}
	var s results.Summary
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// waitForLoad waits until the generator has sent for a while. An engine that is new has its
// images made first.
func (i *invocation) waitForLoad(t *testing.T, samples int) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) {
		files, _ := filepath.Glob(filepath.Join(i.out, "*", "*", results.SamplesFile))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err == nil && bytes.Count(b, []byte(`"load":{`)) >= samples {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the load does not start")
}

// containers lists those of runs, by a filter.
func containers(t *testing.T, filter string) []string {
	t.Helper()
	return docker(t, "ps", "-aq", "--no-trunc", "--filter", filter)
}

func docker(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := onItsEngine(t, exec.Command("docker", args...)).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %v: %v: %s", args, err, out)
	}
	return strings.Fields(string(out))
}

// nothingLeft fails unless all that the run made is gone.
func (i *invocation) nothingLeft(t *testing.T) {
	t.Helper()
	if i.driver == "docker" {
		nothingLeft(t, 0, true)
		return
	}
	// The command waits for its child, which was the first and the last.
	for _, pid := range processes(t) {
		if exe, err := os.Readlink("/proc/" + pid + "/exe"); err == nil && strings.HasPrefix(exe, i.path) {
			t.Errorf("process %s, %s, is left", pid, exe)
		}
	}
}

// nothingLeft fails unless all containers and their volumes are gone within
// the time, and, if asked, the networks too.
func nothingLeft(t *testing.T, within time.Duration, networks bool) {
	t.Helper()
	began := time.Now()
	for {
		left := append(containers(t, "label=org.lab99.run"),
			docker(t, "volume", "ls", "-q", "--filter", "label=org.lab99.run")...)
		if networks {
			left = append(left, docker(t, "network", "ls", "-q", "--filter", "label=org.lab99.run")...)
		}
		if len(left) == 0 {
			t.Logf("nothing left after %v", time.Since(began).Round(time.Millisecond))
			return
		}
		if time.Since(began) > within {
			t.Fatalf("after %v there is left: %v", within, left)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

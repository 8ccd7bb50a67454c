//go:build linux

// Command kernels holds the laws against real kernels: it boots them, runs lab99
// inside, and writes a table, results/kernels/<date>.md and .json. `make kernels`
// runs it. It is a program of its own, and the init of its own guests: so it must
// be linked statically.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/image/distro"
	"github.com/lab99/lab99/lab/image/recipe"
	"github.com/lab99/lab99/lab/kernel"
	"github.com/lab99/lab99/lab/kernel/guest"
	_ "github.com/lab99/lab99/lab/proxy/kinds" // their recipes
)

func main() {
	if os.Getpid() == 1 && guest.Here() {
		guest.Main()
	}
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case guest.HoldCommand:
			inside(guest.Hold(os.Stdout))
		case kernel.TetherCommand:
			inside(kernel.Tether(os.Args[2:]))
		}
	}
	var c command
	flag.StringVar(&c.tool, "lab99", "bin/lab99", "the lab99 to run inside, linked statically")
	flag.StringVar(&c.names, "kernels", "", "`names`, by commas or blanks; all of them by default")
	flag.BoolVar(&c.probe, "probe", false, "ask the kernels what they can do, and run no lab")
	flag.StringVar(&c.out, "out", filepath.Join("results", "kernels"),
		"`directory` for the table; - for standard output only")
	flag.StringVar(&c.keep, "keep", "", "keep what each task left below this `directory`")
	flag.StringVar(&c.accelerator, "accelerator", "", "of qemu: kvm or tcg (default kvm where it works)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	code, err := c.run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
	}
	os.Exit(code)
}

// inside ends a process that the command started of its own program.
func inside(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(unfit)
	}
	os.Exit(asExpected)
}

// Exit codes, as those of lab99.
const (
	asExpected  = 0
	broken      = 1 // a law does not hold on a kernel
	unfit       = 3 // no kernel could be had
	usage       = 64
	interrupted = 130
)

type command struct {
	tool, names, out, keep, accelerator string
	probe                               bool
}

// Bounds of one kernel, on a busy machine.
const (
	probeLimit = 3 * time.Minute
	labLimit   = 10 * time.Minute
	// A kernel is up in a second with the processor's help. On virtual machines that
	// only seem to offer it, it stays in its first instructions for ever.
	kvmUp = 15 * time.Second
)

func (c command) run(ctx context.Context) (int, error) {
	started := time.Now()
	chosen, err := kernel.Choose(strings.FieldsFunc(c.names, func(r rune) bool { return r == ',' || r == ' ' }))
	if err != nil {
		return usage, err
	}
	self, err := os.Executable()
	if err != nil {
		return unfit, err
	}
	if c.tool, err = filepath.Abs(c.tool); err != nil {
		return unfit, err
	}
	for _, program := range []string{self, c.tool} {
		if err := kernel.Static(program); err != nil {
			return unfit, fmt.Errorf("%s: %w; build it with CGO_ENABLED=0", program, err)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return unfit, err
	}
	apt, err := image.CacheDir()
	if err != nil {
		return unfit, err
	}
	say := func(text string) { fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(started).Seconds(), text) }
	s := &session{command: c, self: self, say: say,
		cache: kernel.Cache{Dir: filepath.Join(cache, "lab99", "kernels"), Apt: apt, Log: say}}
	if !c.probe {
		if err := s.servers(ctx); err != nil {
			return unfit, err
		}
	}
	table, err := s.all(ctx, chosen, started)
	if err != nil {
		return unfit, err
	}
	fmt.Print(table.Markdown())
	for _, line := range table.Broken() {
		say("not as the law says: " + line)
	}
	switch {
	case ctx.Err() != nil:
		return interrupted, errors.New("interrupted: the table has the kernels that were done")
	case table.Had() == 0:
		return unfit, errors.New("no kernel could be had")
	case table.Failed() > 0:
		return broken, nil
	}
	return asExpected, nil
}

// done is what came of a kernel.
type done struct {
	u   *kernel.Unpacked
	r   *kernel.Result
	err error
}

// all runs the kernels, a guest a processor at a time, and the host's alone. The
// table is written whenever one is done, as it takes long.
func (s *session) all(ctx context.Context, chosen []kernel.Kernel, started time.Time) (*kernel.Table, error) {
	cpus, err := kernel.CPUs()
	if err != nil {
		return nil, err
	}
	free := make(chan int, len(cpus))
	for _, cpu := range cpus {
		free <- cpu
	}
	var mu sync.Mutex
	results := map[string]done{}
	var table *kernel.Table
	finish := func(k kernel.Kernel, d done) error {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() == nil {
			results[k.Name] = d
			s.tell(k, d)
		}
		table = kernel.NewTable(started, kernel.Machine{Kernel: release(), CPUs: runtime.NumCPU()})
		table.TookS = time.Since(started).Seconds()
		for _, k := range chosen {
			if d, ok := results[k.Name]; ok {
				table.Add(k, d.u, d.r, d.err)
			}
		}
		return s.write(table, started)
	}
	var g errgroup.Group
	for _, k := range chosen {
		if k.Via == kernel.Host {
			continue
		}
		g.Go(func() error {
			cpu := <-free
			defer func() { free <- cpu }()
			if ctx.Err() != nil {
				return nil
			}
			var d done
			d.u, d.r, d.err = s.one(ctx, k, cpu)
			return finish(k, d)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, k := range chosen {
		if k.Via == kernel.Host && ctx.Err() == nil {
			var d done
			d.u, d.r, d.err = s.one(ctx, k, cpus[0])
			if err := finish(k, d); err != nil {
				return nil, err
			}
		}
	}
	if table == nil { // interrupted before any was done
		table = kernel.NewTable(started, kernel.Machine{Kernel: release(), CPUs: runtime.NumCPU()})
	}
	return table, nil
}

func (s *session) tell(k kernel.Kernel, d done) {
	if d.err != nil {
		s.say(fmt.Sprintf("%s: %v", k.Name, d.err))
		return
	}
	s.say(fmt.Sprintf("%s: Linux %s, %.1f s to boot, %.0f s in all", k.Name, d.r.Kernel, d.r.BootS, d.r.WallS))
}

func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "of unknown release"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// write puts the table where it was asked for.
func (c command) write(t *kernel.Table, at time.Time) error {
	if c.out == "-" {
		return nil
	}
	b, err := t.JSON()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.out, 0o755); err != nil {
		return err
	}
	name := filepath.Join(c.out, at.UTC().Format(time.DateOnly))
	if err := os.WriteFile(name+".md", []byte(t.Markdown()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(name+".json", b, 0o644)
}

// session is one call of the command.
type session struct {
	command
	self   string
	cache  kernel.Cache
	say    func(string)
	noKVM  atomic.Bool       // kvm was tried, and no kernel came up
	images string            // reference of the servers' packages
	trees  map[string]string // of the servers: on the host, in the guest
}

// servers unpacks nginx and Apache. A guest without apt finds them by the suite's
// name, in the cache of its own user.
func (s *session) servers(ctx context.Context) error {
	suite, err := distro.HostSuite(ctx)
	if err != nil {
		return err
	}
	s.images, s.trees = recipe.SuitePrefix+suite, map[string]string{}
	for _, role := range []image.Role{"nginx", "httpd"} {
		_, root, err := image.Unpack(ctx, role, s.images, image.Auto, s.say)
		if err != nil {
			return err
		}
		dir := filepath.Dir(root)
		s.trees[dir] = filepath.Join(guest.Home, ".cache", "lab99", "roots", filepath.Base(dir))
	}
	return nil
}

// one gets a kernel and runs the tasks on it.
func (s *session) one(ctx context.Context, k kernel.Kernel, cpu int) (u *kernel.Unpacked, r *kernel.Result, err error) {
	accelerator := s.accelerator
	if accelerator == "" {
		accelerator = kernel.Accelerator()
	}
	if accelerator == "kvm" && s.noKVM.Load() {
		accelerator = "tcg"
	}
	job := kernel.Job{Init: s.self, Tool: s.tool, Tasks: []guest.Task{kernel.Probe()}, Limit: probeLimit, CPU: cpu,
		Say: func(task string) { s.say(k.Name + ": " + task) }}
	if !s.probe {
		job.Trees, job.Limit = s.trees, labLimit
		job.Tasks = append(job.Tasks, kernel.Labs(k.Rate(accelerator), s.images)...)
	}
	if k.Via != kernel.Host {
		if u, err = s.cache.Kernel(ctx, k); err != nil {
			return nil, nil, err
		}
	}
	switch k.Via {
	case kernel.UML:
		r, err = kernel.BootUML(ctx, u, job)
	case kernel.QEMU:
		e, eerr := s.cache.Emulator(ctx)
		if eerr != nil {
			return u, nil, fmt.Errorf("no qemu: %w", eerr)
		}
		if accelerator == "kvm" {
			job.Up = kvmUp
		}
		r, err = kernel.BootQEMU(ctx, e, u, accelerator, job)
		if r != nil && r.Kernel == "" && accelerator == "kvm" && s.accelerator == "" && ctx.Err() == nil {
			s.noKVM.Store(true) // for the next as well
			s.say(fmt.Sprintf("%s: not with the processor's help, so in software: %v", k.Name, err))
			return s.one(ctx, k, cpu)
		}
	default:
		r, err = kernel.RunHere(ctx, job)
	}
	if r != nil && s.keep != "" {
		err = errors.Join(err, r.Keep(filepath.Join(s.keep, k.Name)))
	}
	return u, r, err
}

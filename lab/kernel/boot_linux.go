package kernel

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lab99/lab99/lab/kernel/guest"
)

// memory of a guest, in MiB. A kernel allows as many TIME_WAITs as its memory
// suggests, and with less than this fewer than the ability probe makes.
const memory = 1536

// diskSize bounds what the tasks may hand out. The file is sparse.
const diskSize = 256 << 20

// quiet is how long a guest may say nothing. It ticks twice a second.
const quiet = 60 * time.Second

// guestCommand makes the command line of a guest from its initrd and disk; scratch
// is a directory that goes when the guest has ended.
type guestCommand func(initrd, disk, scratch string) *exec.Cmd

// boot runs a guest to its end.
func boot(ctx context.Context, u *Unpacked, device string, command guestCommand, job Job) (*Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, job.Limit, fmt.Errorf("the guest took more than %v", job.Limit))
	defer cancel()
	scratch, err := os.MkdirTemp("", "lab99-kernel-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	initrd, disk := filepath.Join(scratch, "initrd"), filepath.Join(scratch, "disk")
	if err := writeInitrd(initrd, u, device, job); err != nil {
		return nil, err
	}
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		return nil, err
	}
	if err := os.Truncate(disk, diskSize); err != nil {
		return nil, err
	}
	t, err := newTether(job.Init, scratch, job.CPU, command(initrd, disk, scratch))
	if err != nil {
		return nil, err
	}
	defer t.cut()
	r, err := watch(ctx, t, cmp.Or(job.Up, quiet), job.Say)
	var diskErr error
	r.Tasks, diskErr = readDisk(disk)
	return r, errors.Join(err, diskErr)
}

func writeInitrd(name string, u *Unpacked, device string, job Job) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	a := newArchive(w)
	for at, from := range map[string]string{guest.Init: job.Init, guest.Tool: job.Tool} {
		program, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		a.file(at, 0o755, program)
	}
	order, err := json.Marshal(guest.Order{Disk: device, Tasks: job.Tasks})
	if err != nil {
		return err
	}
	a.file(guest.Orders, 0o644, order)
	// Programs look up the user that they are.
	a.file("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\n"))
	a.file("etc/group", 0o644, []byte("root:x:0:\n"))
	for _, dir := range []string{"proc", "sys", "dev", "run", "out", guest.Home} {
		a.dir(dir, 0o755)
	}
	a.tree(filepath.Join(u.Dir, moduleDir), guest.Modules)
	for from, to := range job.Trees {
		a.tree(from, to)
	}
	if err := errors.Join(a.close(), w.Flush(), f.Close()); err != nil {
		return err
	}
	return nil
}

// watch reads the console of a guest until that is closed.
func watch(ctx context.Context, t *tether, up time.Duration, tell func(string)) (*Result, error) {
	c := &console{started: t.started, kill: t.kill, heard: t.started, tell: tell}
	ended := make(chan struct{})
	var watchdog sync.WaitGroup
	watchdog.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ctx.Done():
				c.end(context.Cause(ctx))
				return
			case <-ticker.C:
				if limit, what := c.patience(up); c.silent() > limit {
					c.end(fmt.Errorf("%s in %v", what, limit))
					return
				}
			}
		}
	})
	c.read(t.console)
	close(ended)
	watchdog.Wait()
	c.result.WallS = time.Since(t.started).Seconds()
	c.result.Clock = c.clock
	c.result.Console = c.last.Bytes()
	switch {
	case c.done && c.failed == "": // however it hung on the way out
		return &c.result, nil
	case c.why != nil:
		return &c.result, c.why
	case c.failed != "":
		return &c.result, fmt.Errorf("in the guest: %s", c.failed)
	case c.panicked != "":
		return &c.result, errors.New(c.panicked)
	case c.result.Kernel == "":
		return &c.result, fmt.Errorf("the kernel did not come up: %s", lastLine(c.last.String()))
	}
	return &c.result, fmt.Errorf("the guest ended before its tasks: %s", lastLine(c.last.String()))
}

// console reads what a guest prints.
type console struct {
	started time.Time
	kill    func()
	tell    func(string)

	mu    sync.Mutex
	heard time.Time // when its init last said something, or its start
	up    bool      // whether it has
	why   error     // why it was ended

	result   Result
	clock    Clock
	done     bool
	failed   string
	panicked string
	last     tail
}

// patience is how long to wait for the next word of the guest's init, and what it
// means when none comes. What the kernel prints does not count.
func (c *console) patience(up time.Duration) (time.Duration, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.up {
		return quiet, "the guest said nothing"
	}
	return up, "the kernel did not come up"
}

func (c *console) silent() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.heard)
}

func (c *console) end(why error) {
	c.mu.Lock()
	if c.why == nil {
		c.why = why
	}
	c.mu.Unlock()
	c.kill()
}

// read takes lines until the console is closed.
func (c *console) read(r io.Reader) {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := in.ReadString('\n')
		c.take(strings.TrimSpace(line), time.Now())
		if err != nil {
			return
		}
	}
}

func (c *console) take(line string, at time.Time) {
	// The kernel may have begun a line of its own on the same one.
	_, said, ours := strings.Cut(line, guest.Mark+" ")
	if !ours {
		if line != "" {
			fmt.Fprintln(&c.last, line)
		}
		if i := strings.Index(line, "Kernel panic"); i >= 0 && c.panicked == "" {
			c.panicked = line[i:]
			time.AfterFunc(3*time.Second, c.kill) // user-mode Linux would stay, or boot again
		}
		return
	}
	clock, said, _ := strings.Cut(said, " ")
	seconds, err := strconv.ParseFloat(clock, 64)
	if err != nil {
		return
	}
	c.mu.Lock()
	c.heard, c.up = at, true
	c.mu.Unlock()
	word, rest, _ := strings.Cut(said, " ")
	host := at.Sub(c.started).Seconds()
	switch word {
	case guest.WordUp:
		c.result.Kernel, c.result.BootS = rest, host
	case guest.WordTick:
		c.clock.add(seconds, host)
	case guest.WordTask:
		if c.tell != nil {
			c.tell(rest)
		}
	case guest.WordDone:
		c.done = true
	case guest.WordNote:
		c.result.Notes = append(c.result.Notes, rest)
	case guest.WordFailed, "panic":
		c.failed = rest
	}
}

// tail keeps the end of a text.
type tail struct{ bytes.Buffer }

func (t *tail) Write(b []byte) (int, error) {
	t.Buffer.Write(b)
	if over := t.Len() - 64<<10; over > 0 {
		t.Next(over)
	}
	return len(b), nil
}

// readDisk reads the tar that the guest wrote on its raw disk. One that ends early
// has the tasks before its end.
func readDisk(name string) (map[string]*Task, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tasks := map[string]*Task{}
	for r := tar.NewReader(bufio.NewReaderSize(f, 1<<20)); ; {
		h, err := r.Next()
		if err != nil {
			return tasks, nil // the end, or zeros where the guest had no time to write more
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return tasks, nil
		}
		name, file, ok := strings.Cut(h.Name, "/")
		if !ok {
			continue
		}
		t := tasks[name]
		if t == nil {
			t = &Task{
				Outcome: guest.Outcome{Name: name, Exit: -1, Why: "it was not finished"},
				Files:   map[string][]byte{},
			}
			tasks[name] = t
		}
		switch {
		case file == guest.StdoutFile:
			t.Stdout = data
		case file == guest.StderrFile:
			t.Stderr = data
		case file == guest.OutcomeFile:
			t.Outcome = guest.Outcome{}
			if err := json.Unmarshal(data, &t.Outcome); err != nil {
				return tasks, fmt.Errorf("outcome of %s: %w", name, err)
			}
		default:
			if rel, ok := strings.CutPrefix(file, guest.FilesDir+"/"); ok {
				t.Files[rel] = data
			}
		}
	}
}

package guest

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// mostOutput bounds what is kept of a stream.
const mostOutput = 4 << 20

// mostFile bounds a file that is handed out.
const mostFile = 32 << 20

// Run runs the tasks in turn, each in a directory of its own below dir, and writes
// a tar of what they left, each as soon as it has ended; those beside the others at
// the end.
//
// When the context ends, so do the tasks, and what had been written stays good.
func Run(ctx context.Context, tasks []Task, dir string, to *os.File, say func(format string, args ...any)) error {
	w := tar.NewWriter(to)
	var beside []func() error
	for queue := tasks; len(queue) > 0 && ctx.Err() == nil; queue = queue[1:] {
		t := queue[0]
		say("%s %s", WordTask, t.Name)
		files := filepath.Join(dir, t.Name)
		if err := os.MkdirAll(files, 0o755); err != nil {
			return err
		}
		running := t.start(ctx, files)
		handOut := func() error {
			e := <-running
			if err := e.write(w, t.Name, files); err != nil {
				return err
			}
			if err := errors.Join(w.Flush(), to.Sync()); err != nil {
				return fmt.Errorf("hand out the results: %w", err)
			}
			say("%s %s", WordEnd, t.Name)
			if slices.Contains(t.Again, e.Exit) {
				t.Name, t.Again = t.Name+Second, nil
				queue = append([]Task{{}, t}, queue[1:]...) // after the one that is taken off
			}
			return nil
		}
		if t.Beside {
			beside = append(beside, handOut)
			continue
		}
		if err := handOut(); err != nil {
			return err
		}
	}
	for _, handOut := range beside {
		if err := handOut(); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(w.Close(), to.Sync())
}

// ended is a task that has ended.
type ended struct {
	Outcome
	stdout, stderr []byte
}

func (e ended) write(w *tar.Writer, name, files string) error {
	b, err := json.Marshal(e.Outcome)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{StdoutFile, e.stdout}, {StderrFile, e.stderr}, {OutcomeFile, b}} {
		if err := put(w, path.Join(name, f.name), f.data); err != nil {
			return err
		}
	}
	return putAll(w, files, path.Join(name, FilesDir))
}

// start runs a task, and delivers what became of it.
func (t Task) start(ctx context.Context, files string) <-chan ended {
	c := make(chan ended, 1)
	go func() {
		o, stdout, stderr := t.run(ctx, files)
		c <- ended{o, stdout, stderr}
	}()
	return c
}

func (t Task) run(ctx context.Context, files string) (o Outcome, stdout, stderr []byte) {
	argv := make([]string, len(t.Argv))
	for i, a := range t.Argv {
		argv[i] = a
		if a == "{out}" {
			argv[i] = files
		}
	}
	out, complaint := &capped{}, &capped{}
	limited, cancel := context.WithTimeout(ctx, time.Duration(t.LimitS*float64(time.Second)))
	defer cancel()
	cmd := exec.CommandContext(limited, argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", out, complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	o = Outcome{Name: t.Name, Exit: -1, FromS: Now()}
	if err := cmd.Start(); err != nil {
		o.ToS, o.Why = Now(), err.Error()
		return o, nil, nil
	}
	err := cmd.Wait()
	if o.TimedOut = limited.Err() == context.DeadlineExceeded && ctx.Err() == nil; o.TimedOut {
		o.Why = fmt.Sprintf("it took more than %g s", t.LimitS)
	} else if err != nil {
		o.Why = err.Error()
	}
	o.ToS = Now()
	if cmd.ProcessState != nil {
		o.Exit = cmd.ProcessState.ExitCode()
	}
	return o, out.Bytes(), complaint.Bytes()
}

// capped keeps the beginning of a stream.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if room := mostOutput - c.Len(); room > 0 {
		c.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func put(w *tar.Writer, name string, data []byte) error {
	h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// putAll adds the regular files of a directory.
func putAll(w *tar.Writer, dir, as string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, mostFile))
		if err != nil {
			return err
		}
		return put(w, path.Join(as, filepath.ToSlash(rel)), data)
	})
}

package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Names of the files of a run.
const (
	PlanFile    = "plan.json"
	EnvFile     = "env.json"
	SummaryFile = "summary.json"
	SamplesFile = "samples.jsonl"
	EventsFile  = "events.jsonl"
	LatencyFile = "latency.hlog" // from the intended send
	ServiceFile = "service.hlog" // from the actual send

	LatencyOKFile     = "latency-ok.hlog" // LatencyFile's in two
	LatencyFailedFile = "latency-failed.hlog"
	NginxFile         = "nginx.conf"
	HttpdFile         = "httpd.conf"    // only before Apache
	LogFile           = "error-log.txt" // an excerpt: the first lines of each message
	VerdictFile       = "verdict.json"
)

// Store writes one run. It is used by one goroutine at a time.
type Store struct {
	Dir  string
	Note string // for the user: why root/latest does not lead to the run; "" if it does

	before string // where root/latest led before; "": nowhere
}

// Create makes the directory of a run below root and points root/latest at
// it. Two runs that start within one second get different directories.
func Create(root string, start time.Time, scenario, size string) (*Store, error) {
	s, err := create(root, start, scenario+"-"+size)
	if err != nil {
		return nil, err
	}
	s.before, _ = os.Readlink(filepath.Join(root, "latest")) // the first run has none
	if err := pointLatest(root, filepath.Base(s.Dir)); err != nil {
		s.Note = fmt.Sprintf("%s does not lead to this run: %v", filepath.Join(root, "latest"), err)
	}
	return s, nil
}

// CreateCatalogue makes the directory of a catalogue below root. latest stays
// with the runs.
func CreateCatalogue(root string, start time.Time) (*Store, error) {
	return create(root, start, "all")
}

func create(root string, start time.Time, what string) (*Store, error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("make the directory for runs: %w", err)
	}
	base := start.UTC().Format("20060102-150405") + "-" + what
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		dir := filepath.Join(root, name)
		err := os.Mkdir(dir, 0o755)
		if errors.Is(err, fs.ErrExist) && n < 100 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("make the directory of the run: %w", err)
		}
		return &Store{Dir: dir}, nil
	}
}

// Discard removes a run of which there is nothing to keep. Unless another has begun
// meanwhile, root/latest leads to the run before again.
func (s *Store) Discard() error {
	latest := filepath.Join(filepath.Dir(s.Dir), "latest")
	if now, err := os.Readlink(latest); err == nil && now == filepath.Base(s.Dir) {
		if s.before == "" {
			err = os.Remove(latest)
		} else {
			err = pointLatest(filepath.Dir(s.Dir), s.before)
		}
		if err != nil {
			return err
		}
	}
	return os.RemoveAll(s.Dir)
}

// pointLatest replaces the symlink by rename, so that a reader always finds
// one. It does nothing where symlinks cannot be made (Windows without the
// privilege).
func pointLatest(root, name string) error {
	tmp := filepath.Join(root, ".latest-"+name)
	if os.Symlink(name, tmp) != nil {
		return nil
	}
	latest := filepath.Join(root, "latest")
	err := os.Rename(tmp, latest)
	if err == nil {
		return nil
	}
	os.Remove(tmp)
	if fi, e := os.Lstat(latest); e == nil && fi.IsDir() {
		return errors.New("it is a directory; rename or remove it")
	}
	return err
}

// WriteJSON writes v to a file of the run, whole or not at all.
func (s *Store) WriteJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return s.WriteFile(name, append(b, '\n'))
}

// WriteFile writes a file of the run, whole or not at all; name may contain
// a directory. It goes by way of a temporary file beside it, so that a full
// disk or a crash leaves the old file or none, never half of one.
func (s *Store) WriteFile(name string, b []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", filepath.Join(s.Dir, name), err)
		}
	}()
	root, err := s.root(name)
	if err != nil {
		return err
	}
	defer root.Close()
	tmp := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s-%08x", filepath.Base(name), rand.Uint32()))
	f, err := root.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			root.Remove(tmp)
		}
	}()
	if _, err = f.Write(b); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil { // before the rename, or a power cut leaves an empty file
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return root.Rename(tmp, name)
}

// root opens the run's directory and makes the directory of a file in it. All
// writing goes through it: neither a variant's name in a plan made elsewhere
// nor a symbolic link planted in a run leads out of it.
func (s *Store) root(name string) (*os.Root, error) {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(s.Dir)
	if err != nil {
		return nil, err
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// Lines is a JSON Lines file that grows. Each record is one write, so that
// a crash of the program costs nothing, and twice a second the file is synced,
// so that a crash of the machine costs the last second. After a failed write
// it keeps the error and swallows the rest: a full disk must not end the run,
// whose totals still fit in memory.
type Lines struct {
	f       *os.File
	err     error
	written atomic.Bool   // since the last sync
	closing chan struct{} // ends the syncing
	synced  chan struct{} // closed when it has ended
}

// syncEvery leaves a slow disk half a second.
const syncEvery = 500 * time.Millisecond

// AppendLines opens a JSON Lines file of the run.
func (s *Store) AppendLines(name string) (*Lines, error) {
	root, err := s.root(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	l := &Lines{f: f, closing: make(chan struct{}), synced: make(chan struct{})}
	go l.sync()
	return l, nil
}

// sync runs beside the writes, which must not wait for the disk. Its errors
// are those the next write or Close will meet.
func (l *Lines) sync() {
	defer close(l.synced)
	every := time.NewTicker(syncEvery)
	defer every.Stop()
	for {
		select {
		case <-l.closing:
			return
		case <-every.C:
			if l.written.Swap(false) {
				l.f.Sync()
			}
		}
	}
}

// Write appends one record.
func (l *Lines) Write(v any) {
	if l.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err == nil {
		_, err = l.f.Write(append(b, '\n'))
		l.written.Store(true)
	}
	l.err = err
}

// Close closes the file and returns the first error of its life.
func (l *Lines) Close() error {
	close(l.closing)
	<-l.synced
	if err := l.f.Sync(); l.err == nil {
		l.err = err
	}
	if err := l.f.Close(); l.err == nil {
		l.err = err
	}
	return l.err
}

package diagnose

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

const (
	// configurationsFor is how long configurations are read in one look. They are on the
	// file systems of containers, which need not answer: NFS, FUSE.
	configurationsFor = 5 * time.Second

	titleAtMost = 64 << 10 // bytes; a process may set any
)

// readers read the configuration of a process of that name; nil where another process of
// its kind has it.
var readers = map[string]func(pid int, until time.Time, before *Configured) (*Configured, error){
	"nginx": readMaster, "haproxy": readHAProxy,
}

// configurations reads those of the proxies in the namespace, and takes the time for it
// from what is left of a look's.
func (f *found) configurations(n, before *Namespace, s *Snapshot, r rights, left *time.Duration) {
	for _, pid := range f.pids {
		program := ""
		if *left > 0 {
			program = comm(pid)
		}
		read := readers[program]
		if read == nil {
			continue
		}
		began, was := time.Now(), before.configured(program, pid)
		until := began.Add(*left)
		c, err := within(until, func() (*Configured, error) { return read(pid, until, was) })
		*left -= time.Since(began)
		switch {
		case *left <= 0:
			s.miss("the configuration of %s %d in %s, and of any after it: %v",
				program, pid, n.Name, cmp.Or(err, errTooLong))
		case err != nil:
			s.miss("the configuration of %s %d in %s: %s", program, pid, n.Name, r.reason(err))
		}
		if c == nil {
			continue
		}
		c.Program, c.PID = program, pid
		c.countBegun(n, was)
		n.Configured = append(n.Configured, *c)
		if slices.ContainsFunc(c.Ends, func(e End) bool { return e.Source }) {
			n.AnyIP, _ = probe.LocalPrefixes(fmt.Sprintf("/proc/%d/net", pid))
		}
	}
}

// beside are the readers that were given up. What one of them waits for may never come, and
// --watch looks every second.
var beside = make(chan struct{}, 8)

// within runs a function beside, and gives it up when the time has come.
func within[T any](until time.Time, f func() (T, error)) (value T, err error) {
	select {
	case beside <- struct{}{}:
	default:
		return value, errors.New("file systems do not answer, since an earlier look")
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-beside }()
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-time.After(time.Until(until)):
		return value, errTooLong
	}
}

var errTooLong = fmt.Errorf("reading configurations takes longer than %v", configurationsFor)

// readMaster reads the configuration of a process that is named nginx; nil if it is no
// master. It may be anything that calls itself so.
func readMaster(pid int, until time.Time, before *Configured) (*Configured, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	line, err := readSome(dir+"/cmdline", titleAtMost) // in the memory of the process, which may be a file
	title := strings.TrimRight(string(line), "\x00 ")
	if err != nil || !strings.HasPrefix(title, titleOfMaster) {
		return nil, nil
	}
	who, err := userOf(pid)
	if err != nil {
		return nil, nil // it has ended
	}
	m := master{title: strings.ReplaceAll(title, "\x00", " "), who: who, until: until}
	if binary, err := os.Open(dir + "/exe"); err == nil {
		m.built = describe(binary)
		binary.Close()
	}
	return m.read(dir+"/root", before)
}

func readSome(name string, atMost int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, atMost))
}

// master is an nginx whose configuration is read.
type master struct {
	title string // "nginx: master process nginx -c FILE"
	built built
	who   user
	until time.Time // when reading ends
}

// built is what the binary says of itself.
type built struct{ version, conf, prefix string }

const titleOfMaster = "nginx: master process"

// file is the main file, and the prefix that relative paths start from. nginx keeps its
// arguments in the title; those with blanks in them cannot be told apart.
func (m master) file() string {
	conf, prefix := cmp.Or(m.built.conf, "/etc/nginx/nginx.conf"), cmp.Or(m.built.prefix, "/usr/share/nginx")
	words := strings.Fields(strings.TrimPrefix(m.title, titleOfMaster))
	for i, word := range words {
		for flag, value := range map[string]*string{"-c": &conf, "-p": &prefix} {
			switch {
			case word == flag && i+1 < len(words):
				*value = words[i+1]
			case strings.HasPrefix(word, flag) && len(word) > len(flag):
				*value = word[len(flag):]
			}
		}
	}
	if !path.IsAbs(conf) {
		conf = path.Join("/", prefix, conf)
	}
	return path.Clean(conf)
}

// read reads the configuration below a root directory, /proc/PID/root, which it does not
// leave.
func (m master) read(root string, before *Configured) (*Configured, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, forLackOf(err, unix.CAP_SYS_PTRACE)
	}
	defer r.Close()
	files := &below{root: r, who: m.who, until: m.until}
	name := m.file()
	release, err := nginxconf.ParseRelease(m.built.version)
	if err != nil {
		release = nginxconf.Release{}
	}
	texts := map[string][]byte{}
	c, err := nginxconf.Load(name, nginxconf.Options{
		Prefix: path.Dir(name), Follow: true, Glob: files.glob,
		Open: func(name string) ([]byte, error) {
			text, err := files.open(name)
			texts[name] = text
			return text, err
		},
	})
	switch {
	case files.err != nil:
		return nil, files.err
	case errors.Is(err, fs.ErrPermission):
		return nil, forLackOf(err, unix.CAP_DAC_READ_SEARCH)
	case err != nil:
		return nil, errors.New(lint.MistakeOf(name, err, texts).String())
	}
	configured := &Configured{Report: lint.New(name, c, release), Ends: endsOf(c.Routes(release))}
	if logs, why := c.AccessLogs(); why == "" {
		configured.logs, configured.Requests = files.requests(logs, before)
	}
	return configured, nil
}

// What every nginx has in its binary is what -V prints. A mark is searched for, and then
// an expression is tried there: alone it takes 50 ms for a binary.
var (
	releaseThere = regexp.MustCompile(`^\d+\.\d+\.\d+`)
	pathThere    = regexp.MustCompile(`^[^\s\x00]+`)
)

// following is what an expression finds after a mark, "" if it finds nothing. What reaches
// to the end of a text that goes on may be half of it.
func following(text []byte, goesOn bool, mark string, there *regexp.Regexp) string {
	for {
		_, after, found := bytes.Cut(text, []byte(mark))
		if !found {
			return ""
		}
		if m := there.Find(after[:min(len(after), unix.PathMax)]); m != nil && !(goesOn && len(m) == len(after)) {
			return string(m)
		}
		text = after
	}
}

// describe reads the version and the compiled-in paths out of a binary, without running it.
func describe(binary io.Reader) (b built) {
	const piece, overlap = 64 << 10, unix.PathMax
	r := io.LimitReader(binary, 64<<20)
	buf := make([]byte, 0, piece+overlap)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		b.version = cmp.Or(b.version, following(buf, err == nil, "nginx/", releaseThere))
		b.conf = cmp.Or(b.conf, following(buf, err == nil, "--conf-path=", pathThere))
		b.prefix = cmp.Or(b.prefix, following(buf, err == nil, "--prefix=", pathThere))
		if err != nil || b.version != "" && b.conf != "" && b.prefix != "" {
			return b
		}
		buf = append(buf[:0], buf[max(0, len(buf)-overlap):]...)
	}
}

package diagnose

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// master is an nginx whose configuration is read.
type master struct {
	pid   int
	title string // "nginx: master process nginx -c FILE"
	built built
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
func (m master) read(root string) (*lint.Report, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	files := below{r}
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
	if err != nil {
		return nil, errors.New(lint.MistakeOf(name, err, texts).String())
	}
	return lint.New(name, c, release), nil
}

// below reads files under a directory as a process does whose root it is: an absolute link
// begins at the directory again. os.Root alone refuses such links, and Debian's
// sites-enabled is full of them; whatever a link says, os.Root sees that the directory is
// not left.
type below struct{ root *os.Root }

const (
	linksAtMost = 40      // as the kernel's
	textAtMost  = 8 << 20 // of one file
)

// resolve follows the links of a path; what it returns has none, and is relative to the
// root.
func (b below) resolve(name string) (string, error) {
	done, rest := "", strings.Split(path.Clean("/"+name), "/")
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			done = strings.TrimPrefix(path.Dir("/"+done), "/")
			continue
		}
		next := path.Join(done, part)
		info, err := b.root.Lstat(next)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > linksAtMost {
			return "", fmt.Errorf("%s: too many links", name)
		}
		to, err := b.root.Readlink(next)
		if err != nil {
			return "", err
		}
		if path.IsAbs(to) {
			done = ""
		}
		rest = append(strings.Split(to, "/"), rest...)
	}
	return cmp.Or(done, "."), nil
}

var errNotRegular = errors.New("it is not a regular file")

func (b below) open(name string) ([]byte, error) {
	resolved, err := b.resolve(name)
	if err != nil {
		return nil, err
	}
	// A device may act on being opened, and a pipe makes whoever opens it wait.
	if info, err := b.root.Lstat(resolved); err != nil || !info.Mode().IsRegular() {
		return nil, cmp.Or(err, errNotRegular)
	}
	f, err := b.root.OpenFile(resolved, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, cmp.Or(err, errNotRegular)
	}
	text, err := io.ReadAll(io.LimitReader(f, textAtMost+1))
	if err == nil && len(text) > textAtMost {
		err = fmt.Errorf("it has more than %d MiB", textAtMost>>20)
	}
	return text, err
}

// glob lists what matches in one directory; a pattern in the name of a directory matches
// nothing.
func (b below) glob(pattern string) (names []string, err error) {
	dir, last := path.Split(pattern)
	resolved, err := b.resolve(dir)
	if err != nil {
		return nil, nil // a directory that is not there matches nothing
	}
	entries, err := fs.ReadDir(b.root.FS(), resolved)
	if err != nil {
		return nil, nil
	}
	for _, e := range entries {
		if ok, err := path.Match(last, e.Name()); err != nil {
			return nil, err
		} else if ok {
			names = append(names, dir+e.Name())
		}
	}
	return names, nil
}

// selfDescription is what every nginx has in its binary: what -V prints.
var selfDescription = regexp.MustCompile(`nginx/(\d+\.\d+\.\d+)|--conf-path=([^\s\x00]+)|--prefix=([^\s\x00]+)`)

// describe reads the version and the compiled-in paths out of a binary, without running it.
func describe(binary io.Reader) (b built) {
	const piece, overlap = 1 << 20, 4096
	r := bufio.NewReader(io.LimitReader(binary, 64<<20))
	buf := make([]byte, 0, piece+overlap)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		for _, m := range selfDescription.FindAllSubmatch(buf, -1) {
			b.version, b.conf, b.prefix = cmp.Or(b.version, string(m[1])), cmp.Or(b.conf, string(m[2])), cmp.Or(b.prefix, string(m[3]))
		}
		if err != nil || b.version != "" && b.conf != "" && b.prefix != "" {
			return b
		}
		buf = append(buf[:0], buf[max(0, len(buf)-overlap):]...)
	}
}

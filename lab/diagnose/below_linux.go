package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// below reads files under a directory as a process does whose root it is: an absolute link
// begins at the directory again. os.Root alone refuses such links, and Debian's
// sites-enabled is full of them; whatever a link says, os.Root sees that the directory is
// not left. openat2(2) with RESOLVE_IN_ROOT would do as much in one call, but its flags are
// in memory, where no seccomp filter can see that files are opened for reading only.
//
// Whose files they are may be an enemy of who reads them, so what is read is bounded, and
// is only what the process itself may read: otherwise somebody who calls a program nginx
// could have root print the files of others.
type below struct {
	root  *os.Root
	who   user
	until time.Time
	bytes int   // read so far
	files int   // opened so far
	err   error // what ended the reading
}

const (
	linksAtMost   = 40       // as the kernel's
	pathAtMost    = 4096     // bytes, as the kernel's
	textAtMost    = 8 << 20  // of one file
	textInAll     = 64 << 20 // of all
	filesAtMost   = 20_000
	entriesAtMost = 100_000 // of a directory
)

// resolve follows the links of a path; what it returns has none, and is relative to the
// root.
func (b *below) resolve(name string) (string, error) {
	if len(name) > pathAtMost {
		return "", unix.ENAMETOOLONG
	}
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
		if len(next) > pathAtMost {
			return "", unix.ENAMETOOLONG
		}
		info, err := b.root.Lstat(next)
		if err != nil {
			return "", err
		}
		if info.IsDir() && !b.who.may(info, search) {
			return "", errNotTheirs
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

var (
	errNotRegular = errors.New("it is not a regular file")
	errNotTheirs  = errors.New("the user of that program may not read it")
)

// bound ends the reading when there was enough of it.
func (b *below) bound() error {
	switch {
	case b.err != nil:
	case !b.until.IsZero() && time.Now().After(b.until):
		b.err = errTooLong
	case b.bytes > textInAll:
		b.err = fmt.Errorf("it has more than %d MiB", textInAll>>20)
	case b.files > filesAtMost:
		b.err = fmt.Errorf("it has more than %d files", filesAtMost)
	}
	return b.err
}

// open reads a file.
func (b *below) open(name string) ([]byte, error) {
	f, err := b.find(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, textAtMost+1))
	if err == nil && len(text) > textAtMost {
		err = fmt.Errorf("it has more than %d MiB", textAtMost>>20)
	}
	b.bytes += len(text)
	return text, err
}

// find opens a file to read it. It is found without being opened, as opening is enough for
// a device to act and for a pipe to wait, and opened through what was found, so that nothing
// can be put in its place.
func (b *below) find(name string) (*os.File, error) {
	b.files++
	if err := b.bound(); err != nil {
		return nil, err
	}
	resolved, err := b.resolve(name)
	if err != nil {
		return nil, err
	}
	there, err := b.root.OpenFile(resolved, unix.O_PATH, 0)
	if err != nil {
		return nil, err
	}
	defer there.Close()
	info, err := there.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || ofKernel(there) {
		return nil, errNotRegular
	}
	if !b.who.may(info, read) {
		return nil, errNotTheirs
	}
	return os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", there.Fd()), os.O_RDONLY|unix.O_NONBLOCK, 0)
}

// kernels are file systems whose files the kernel makes up when they are read, and to read
// some of which changes something: proc has kmsg, and tracefs has trace_pipe.
var kernels = []int64{
	unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.TRACEFS_MAGIC, unix.DEBUGFS_MAGIC,
	unix.SECURITYFS_MAGIC, unix.SELINUX_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC,
	unix.BPF_FS_MAGIC, unix.EFIVARFS_MAGIC, unix.PSTOREFS_MAGIC,
	unix.BINFMTFS_MAGIC, unix.NSFS_MAGIC, 0x62656570 /* configfs */, 0x65735543, /* fusectl */
}

func ofKernel(f *os.File) bool {
	var of unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &of) != nil || slices.Contains(kernels, int64(of.Type))
}

// glob lists what matches in one directory; a pattern in the name of a directory matches
// nothing.
func (b *below) glob(pattern string) (names []string, err error) {
	if err := b.bound(); err != nil {
		return nil, err
	}
	dir, last := path.Split(pattern)
	resolved, err := b.resolve(dir)
	if err != nil {
		return nil, nil // a directory that is not there matches nothing
	}
	d, err := b.root.OpenFile(resolved, unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, nil
	}
	defer d.Close()
	if info, err := d.Stat(); err != nil || !b.who.may(info, read) {
		return nil, cmp.Or(err, errNotTheirs)
	}
	entries, err := d.Readdirnames(entriesAtMost + 1)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(entries) > entriesAtMost {
		return nil, fmt.Errorf("%s has more than %d files", dir, entriesAtMost)
	}
	slices.Sort(entries)
	for _, e := range entries {
		if ok, err := path.Match(last, e); err != nil {
			return nil, err
		} else if ok {
			names = append(names, dir+e)
		}
	}
	return names, nil
}

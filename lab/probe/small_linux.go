package probe

import (
	"io"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadSmall reads a sysctl, or another file of /proc that a read takes whole, in three calls.
// Packages os and procfs take eight, as they also ask what kind of file it is and whether it
// can be polled, and a look at a host of many namespaces reads thousands. Procfs also cuts at 128
// bytes, which a list of reserved ports may exceed. What does not fit into a read, no second
// one continues (proc_do_large_bitmap, kernel/sysctl.c): a larger one begins again.
func ReadSmall(name string) (string, error) { return readSmallAt(unix.AT_FDCWD, name) }

func readSmallAt(dir int, name string) (string, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", pathError("open", name, err)
	}
	defer unix.Close(fd)
	var small [4 << 10]byte
	n, err := unix.Pread(fd, small[:], 0)
	if err == nil && n == len(small) {
		most := make([]byte, 512<<10) // of 65,536 ports
		n, err = unix.Pread(fd, most, 0)
		return string(most[:max(n, 0)]), pathError("read", name, err)
	}
	return string(small[:max(n, 0)]), pathError("read", name, err)
}

// sysctls reads many of the calling thread's network namespace. It opens each directory
// once: the kernel has those of all namespaces under the same names in one chain, and goes
// through it for each part of a path (proc_sys_compare, fs/proc/proc_sysctl.c).
type sysctls map[string]int // the directories that are open

func (s sysctls) read(name string) (string, error) {
	name = strings.ReplaceAll(name, ".", "/")
	dir, file := path.Split(proc + "/sys/" + name)
	fd, open := s[dir]
	if !open {
		var err error
		if fd, err = unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
			return "", pathError("open", dir, err)
		}
		s[dir] = fd
	}
	text, err := readSmallAt(fd, file)
	return onOneLine(text), err
}

func (s sysctls) close() {
	for _, fd := range s {
		unix.Close(fd)
	}
}

// openTable opens a file of /proc/net to be read to its end, piece by piece as the kernel
// makes it.
func openTable(name string) (io.ReadCloser, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return descriptor(fd), pathError("open", name, err)
}

// readTable reads one that has a few kilobytes.
func readTable(name string) (string, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", pathError("open", name, err)
	}
	defer unix.Close(fd)
	var piece [8 << 10]byte // more than the kernel makes at once
	text := ""
	for {
		n, err := unix.Read(fd, piece[:])
		if err != nil || n == 0 {
			return text, pathError("read", name, err)
		}
		text += string(piece[:n])
	}
}

// descriptor reads without what package os does for files that make it wait.
type descriptor int

func (d descriptor) Read(b []byte) (int, error) {
	n, err := unix.Read(int(d), b)
	switch {
	case err != nil:
		return 0, err
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return n, nil
}

func (d descriptor) Close() error { return unix.Close(int(d)) }

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

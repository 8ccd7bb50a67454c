package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lab99/lab99/internal/format"
)

// Disk is where runs are written.
type Disk struct {
	Dir     string
	FreeMiB int // -1: not known on this system
	Err     string
}

// readDisk looks at the directory, or at the nearest above it that is there.
func readDisk(dir string) Disk {
	f := Disk{Dir: dir, FreeMiB: -1}
	at, err := filepath.Abs(dir)
	if err != nil {
		f.Err = err.Error()
		return f
	}
	for {
		info, err := os.Stat(at)
		if errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at) {
			at = filepath.Dir(at)
			continue
		}
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is not a directory", at)
		}
		if err == nil {
			f.FreeMiB, err = freeMiB(at)
		}
		if err != nil {
			f.Err = err.Error()
		}
		return f
	}
}

// A run of the quick size takes some 5 MiB, one of the full size some 30.
const (
	wantDiskMiB = 200
	needDiskMiB = 20
)

func judgeDisk(f Disk) Check {
	c := Check{Name: "disk for results", Status: OK, Found: fmt.Sprintf("%d MiB free for %s", f.FreeMiB, f.Dir)}
	const remedy = "name a directory with room, and yours to write, with --out"
	switch {
	case f.Err != "":
		c.Status, c.Found, c.Remedy = Fail, format.OneLine(f.Err), remedy
	case f.FreeMiB < 0:
		c.Found = "not known on this system"
	case f.FreeMiB < needDiskMiB:
		c.Status, c.Remedy = Fail, remedy
	case f.FreeMiB < wantDiskMiB:
		c.Status, c.Remedy = Warn, remedy
	}
	return c
}

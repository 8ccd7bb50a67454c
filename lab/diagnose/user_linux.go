package diagnose

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// user is whom a process acts for. The zero user is root.
type user struct {
	id     uint32
	groups []uint32
	parent int // of the process
}

// userOf reads /proc/PID/status: the owner of /proc/PID is root where a process hides its
// memory.
func userOf(pid int) (u user, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	known := false
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		var ids []uint32
		for _, word := range f[1:] {
			if id, err := strconv.ParseUint(word, 10, 32); err == nil {
				ids = append(ids, uint32(id))
			}
		}
		switch {
		case f[0] == "PPid:" && len(ids) == 1:
			u.parent = int(ids[0])
		case f[0] == "Uid:" && len(ids) == 4: // real, effective, saved, for files
			u.id, known = ids[3], true
		case f[0] == "Gid:" && len(ids) == 4:
			u.groups = append(u.groups, ids[3])
		case f[0] == "Groups:":
			u.groups = append(u.groups, ids...)
		}
	}
	if !known {
		err = errors.New("it has no user")
	}
	return u, err
}

// What may be asked of a mode: to read a file or directory, and to go through a directory.
const (
	read   = 4
	search = 1
)

// may says whether a mode lets the user: an access list may let fewer or more, which is
// not looked at.
func (u user) may(info fs.FileInfo, what fs.FileMode) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch mode := info.Mode().Perm(); {
	case u.id == 0:
		return true
	case st.Uid == u.id:
		return mode>>6&what != 0
	case slices.Contains(u.groups, st.Gid):
		return mode>>3&what != 0
	default:
		return mode&what != 0
	}
}

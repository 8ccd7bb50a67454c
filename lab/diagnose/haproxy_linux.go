package diagnose

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// readHAProxy reads the configuration of a process that is named haproxy; nil if it is the
// worker of another one. The master has the same files, and has not changed its root.
func readHAProxy(pid int, until time.Time, _ *Configured) (*Configured, error) {
	who, err := userOf(pid)
	if err != nil || comm(who.parent) == "haproxy" {
		return nil, nil
	}
	dir := "/proc/" + strconv.Itoa(pid)
	line, err := readSome(dir+"/cmdline", titleAtMost)
	if err != nil || len(line) == 0 {
		return nil, nil
	}
	names, err := haproxyFiles(strings.Split(string(bytes.TrimRight(line, "\x00")), "\x00"))
	if err != nil {
		return nil, err
	}
	r, err := os.OpenRoot(dir + "/root")
	if err != nil {
		return nil, forLackOf(err, unix.CAP_SYS_PTRACE)
	}
	defer r.Close()
	return haproxyBelow(&below{root: r, who: who, until: until}, names)
}

// haproxyFiles are the files and directories that the arguments name, in their order.
func haproxyFiles(args []string) (names []string, err error) {
	dir := ""
	for i := 1; i < len(args); i++ {
		switch {
		case args[i] == "--":
			names = append(names, args[i+1:]...)
			i = len(args)
		case args[i] == "-f" && i+1 < len(args):
			i++
			names = append(names, args[i])
		case args[i] == "-C" && i+1 < len(args):
			i++
			dir = args[i]
		}
	}
	for i, name := range names {
		if names[i] = path.Join(dir, name); !path.IsAbs(names[i]) {
			return nil, fmt.Errorf("%s is relative to where it was started, which is not known", name)
		}
	}
	return names, nil
}

func haproxyBelow(files *below, names []string) (*Configured, error) {
	var texts []haproxyText
	add := func(name string) error {
		text, err := files.open(name)
		if err == nil {
			texts = append(texts, haproxyText{name, string(text)})
		}
		return err
	}
	for _, name := range names {
		err := add(name)
		if errors.Is(err, errNotRegular) {
			var inside []string
			if inside, err = files.glob(name + "/*.cfg"); err == nil && len(inside) == 0 {
				err = fmt.Errorf("%s: %w", name, errNotRegular)
			}
			for i := 0; i < len(inside) && err == nil; i++ {
				if !strings.HasPrefix(path.Base(inside[i]), ".") {
					err = add(inside[i])
				}
			}
		}
		switch {
		case files.err != nil:
			return nil, files.err
		case errors.Is(err, fs.ErrPermission):
			return nil, forLackOf(err, unix.CAP_DAC_READ_SEARCH)
		case err != nil:
			return nil, err
		}
	}
	return &Configured{Ends: haproxyEnds(texts)}, nil
}

package diagnose

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/probe"
)

// Names are somebody else's words: of processes, control groups and files. A name is one
// short line, so that none can pass for a line of the report.

// name is what people call a namespace by.
func (f *found) name() string {
	if f.host {
		return "host"
	}
	group := ""
	for _, pid := range f.pids {
		if group = groupName(pid); group != "" {
			break
		}
	}
	switch {
	// Kubernetes names them at random.
	case f.named != "" && !(strings.HasPrefix(f.named, "cni-") && isContainer(group)):
		return "netns " + format.Name(f.named)
	case group != "":
		return group
	case f.own:
		return "this namespace"
	}
	for _, pid := range f.pids {
		if name := f.comms[pid]; IsProxy(name) {
			return fmt.Sprintf("%s %d", name, pid)
		}
	}
	if len(f.pids) > 0 {
		return fmt.Sprintf("%s %d", cmp.Or(f.comms[f.pids[0]], "process"), f.pids[0])
	}
	return fmt.Sprintf("net:[%d]", f.inode)
}

func comm(pid int) string {
	text, _ := probe.ReadSmall("/proc/" + strconv.Itoa(pid) + "/comm")
	return format.Name(text)
}

// groupName reads a container or a unit out of a process's control group.
func groupName(pid int) string {
	text, _ := probe.ReadSmall("/proc/" + strconv.Itoa(pid) + "/cgroup")
	return nameOfGroup(text)
}

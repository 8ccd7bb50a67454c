package diagnose

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/lab99/lab99/internal/format"
)

// Target says where to look; the zero Target is everywhere.
type Target struct {
	PID   int    // the namespace of a process
	Netns string // a namespace by its name of ip-netns(8), or by a path
	Name  string // what to call it; "": as it is found

	// Lean leaves out what metrics do not show, for a look that comes again and again: who
	// holds the connections, how an nginx is configured, and the sockets of a namespace
	// that has few of them (Namespace.Quiet).
	Lean bool

	// Before is the look before, from which on requests are counted; nil: there is none.
	Before *Snapshot
}

// ErrNotLinux is the error of every look on another system.
var ErrNotLinux = errors.New("sockets and namespaces of a host are read on Linux only")

// NotFoundError says that there is no such process or namespace.
type NotFoundError struct{ msg string }

func (e *NotFoundError) Error() string { return e.msg }

// BetweenLooks is how long the first of two looks is ago.
const BetweenLooks = time.Second

// Examine looks and concludes; a second time, where that tells more.
func Examine(ctx context.Context, target Target, o Options) (*Report, error) {
	s, err := Look(ctx, target)
	if err != nil {
		return nil, err
	}
	r := Conclude(s, o)
	if !r.unsettled() {
		return r, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(BetweenLooks):
	}
	o.Before, target.Before = s, s
	if s, err = Look(ctx, target); err != nil {
		return nil, err
	}
	return Conclude(s, o), nil
}

var (
	containerID = regexp.MustCompile(`[0-9a-f]{64}`)
	unitName    = regexp.MustCompile(`/([^/\n]+)\.service`)
)

// nameOfGroup reads a container or a systemd unit out of /proc/PID/cgroup; "" for
// neither.
func nameOfGroup(text string) string {
	if id := containerID.FindString(text); id != "" {
		return ofContainer + id[:12]
	}
	if m := unitName.FindAllStringSubmatch(text, -1); m != nil {
		return "unit " + format.Name(m[len(m)-1][1])
	}
	return ""
}

const ofContainer = "container "

func isContainer(name string) bool { return strings.HasPrefix(name, ofContainer) }

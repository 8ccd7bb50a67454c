package diagnose

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// Target says where to look; the zero Target is everywhere.
type Target struct {
	PID   int    // the namespace of a process
	Netns string // a namespace by its name of ip-netns(8), or by a path
	Name  string // what to call it; "": as it is found
}

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
	o.Before = s
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
		return "container " + id[:12]
	}
	if m := unitName.FindAllStringSubmatch(text, -1); m != nil {
		return "unit " + strings.ToValidUTF8(m[len(m)-1][1], "?")
	}
	return ""
}

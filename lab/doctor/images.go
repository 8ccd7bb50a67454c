package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
)

// Server is the image of a server, or how a run would get one.
type Server struct {
	Role, Ref string
	Image     image.Image        // if there is one
	Absent    *image.AbsentError // if there is none
	Err       string             // why that cannot be told
}

func readImages(ctx context.Context, d driver.Driver, refs map[image.Role]string) []Server {
	var all []Server
	for _, role := range slices.Backward(slices.Sorted(maps.Keys(refs))) {
		s := Server{Role: string(role), Ref: refs[role]}
		if d != nil {
			var err error
			if s.Image, err = d.Find(ctx, role, s.Ref); err != nil && !errors.As(err, &s.Absent) {
				s.Err = err.Error()
			}
		}
		all = append(all, s)
	}
	return all
}

func judgeImage(s Server, f Findings) Check {
	c := Check{Name: s.Role, Status: OK}
	switch {
	case f.chosen() == nil:
		c.Found = s.Ref + ": not looked for, as no driver can run"
	case s.Err != "":
		c.Status, c.Found = Warn, format.OneLine(s.Err)
		c.Remedy = fmt.Sprintf("see whether the engine of the driver %s is well", f.chosen().Name)
	case s.Absent != nil:
		if c.Found, c.Remedy = s.Absent.Error(), s.Absent.Remedy; c.Remedy != "" {
			c.Status = Warn
		}
	default:
		c.Found = fmt.Sprintf("%s: version %s, %s, as %s", s.Ref, s.Image.Version, s.Image.Source, s.Image.Used)
	}
	return c
}

package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/image/distro"
	"github.com/lab99/lab99/lab/image/recipe"
)

// ImageFacts is the image of a server, or how to get one.
type ImageFacts struct {
	Role, Ref string
	Used      string // the engine's name for it; "" if it has none
	Version   string
	Source    string
	Program   string // the server on this machine's own PATH
	Suite     string // the distribution whose packages one can be made from; "" if that cannot be
	Err       string
}

func readImages(ctx context.Context, e Engine, refs map[image.Role]string) []ImageFacts {
	suite, err := distro.HostSuite(ctx)
	if err != nil {
		suite = ""
	}
	var all []ImageFacts
	for _, role := range slices.Backward(slices.Sorted(maps.Keys(refs))) {
		f := ImageFacts{Role: string(role), Ref: refs[role], Suite: suite}
		if r, err := recipe.For(string(role)); err == nil {
			f.Program, _ = r.Installed.Find() // "" where there is none
		}
		if e != nil {
			img, ok, err := e.Find(ctx, role, refs[role])
			switch {
			case err != nil:
				f.Err = err.Error()
			case ok:
				f.Used, f.Version, f.Source = img.Used, img.Version, string(img.Source)
			}
		}
		all = append(all, f)
	}
	return all
}

func judgeImage(f ImageFacts, e EngineFacts) Check {
	c := Check{Name: f.Role, Status: OK}
	fromPackages := fmt.Sprintf("from the packages of %s", f.Suite)
	switch {
	case f.Used != "":
		c.Found = fmt.Sprintf("%s: %s %s in the engine, %s", f.Ref, f.Source, f.Version, f.Used)
	case f.Err != "":
		c.Status, c.Found, c.Remedy = Warn, format.OneLine(f.Err), "see whether `docker images` answers"
	case e.Err == "" && f.Suite != "":
		c.Found = fmt.Sprintf("%s: not in the engine; a run pulls it, or makes one %s", f.Ref, fromPackages)
	case e.Err == "":
		c.Status, c.Found = Warn, f.Ref+": not in the engine, and only a registry can give it"
		c.Remedy = fmt.Sprintf("docker pull %s where the engine runs, or run lab99 on a Debian or Ubuntu host", f.Ref)
	case f.Suite != "":
		c.Found = fmt.Sprintf("%s: the driver netns makes one %s", f.Ref, fromPackages)
	case f.Program != "":
		c.Found = fmt.Sprintf("%s: the driver netns has %s", f.Ref, f.Program)
	default:
		c.Status, c.Found = Warn, f.Ref+": neither an engine, nor packages to make it from, nor a binary on the PATH"
		c.Remedy = fmt.Sprintf("install %s, or an engine", f.Role)
	}
	return c
}

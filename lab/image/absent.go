package image

import (
	"context"
	"fmt"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/image/distro"
	"github.com/lab99/lab99/lab/image/recipe"
)

// AbsentError says that a server is not here yet, and how a run would get it.
type AbsentError struct {
	Ref    string
	How    string
	Remedy string // what would help, if this machine cannot get it by itself
}

func (e *AbsentError) Error() string { return e.Ref + ": " + e.How }

// NotInEngine is the error for an image that a container engine lacks.
func NotInEngine(ctx context.Context, ref string) error {
	suite, err := distro.HostSuite(ctx)
	if err == nil {
		return &AbsentError{
			Ref: ref,
			How: "not in the engine; a run pulls it, or makes one from the packages of " + suite,
		}
	}
	return &AbsentError{
		Ref: ref, How: "not in the engine, and only a registry can give it",
		Remedy: fmt.Sprintf("docker pull %s where the engine runs, or run lab99 on a Debian or Ubuntu host", ref),
	}
}

// NotUnpacked is the error for a server that has no root file system yet.
func NotUnpacked(ctx context.Context, role Role, ref string) error {
	suite, err := distro.HostSuite(ctx)
	if err == nil {
		return &AbsentError{Ref: ref, How: "not unpacked yet; a run makes it from the packages of " + suite}
	}
	if r, err := recipe.For(string(role)); err == nil {
		if program, err := r.Installed.Find(); err == nil {
			return &AbsentError{Ref: ref, How: "a run uses the installed " + program}
		}
	}
	if suites := unpackedSuites(role); len(suites) > 0 {
		return &AbsentError{
			Ref: ref, How: "not made for this system, but unpacked before from the packages of " + format.List(suites),
			Remedy: fmt.Sprintf("ask for it: %s%s instead of %s, with --set proxy.image or backend.image",
				recipe.SuitePrefix, suites[0], ref),
		}
	}
	return &AbsentError{
		Ref: ref, How: "neither packages to make it from, nor a binary on the PATH",
		Remedy: fmt.Sprintf("install %s, or a container engine", packageOf(role)),
	}
}

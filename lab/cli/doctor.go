package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/doctor"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios"
)

// doctorInside is the command that package doctor runs in namespaces made for
// it; nobody types it.
const doctorInside = "doctor-inside"

func doctorInsideCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: doctorInside, Hidden: true, Args: none,
		Short: "Try what a lab does, in namespaces of its own",
		RunE:  func(*cobra.Command, []string) error { return doctor.Inside(t.stdout) },
	}
}

func doctorCommand(t *terminal) *cobra.Command {
	var asJSON bool
	var subnets, out string
	cmd := &cobra.Command{
		Use: "doctor", GroupID: groupMachine, Args: none,
		Short: "Show what this machine has and lacks for a lab",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return examine(cmd.Context(), t, asJSON, subnets, out)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&asJSON, "json", false, "print one object, "+doctor.Schema+", instead of the table")
	fs.StringVar(&subnets, "subnet", "", "`CIDR`s to look at for the lab's network (default those a run tries)")
	fs.StringVar(&out, "out", defaultOut, "`directory` for runs, to look for room in")
	return cmd
}

// examine says what this machine has and lacks. It ends with an error only
// where no driver can run.
func examine(ctx context.Context, t *terminal, asJSON bool, subnets, out string) error {
	nets, err := parseSubnets(subnets)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	refs, err := mainImages()
	if err != nil {
		return err
	}
	r := doctor.Judge(doctor.Examine(ctx, doctor.Options{
		Drivers: drivers, Inside: []string{self, doctorInside}, Subnets: nets, Images: refs, Out: out,
	}))
	r.Tool = tool().Version
	if asJSON {
		if err := printEscaped(t.stdout, r); err != nil {
			return err
		}
	} else if err := r.Write(t.stdout); err != nil {
		return err
	}
	if r.Driver == "" {
		return exitError(verdict.ExitUnfit)
	}
	return nil
}

// mainImages are what the main scenario asks for.
func mainImages() (map[image.Role]string, error) {
	s, err := scenarios.Load(mainScenario)
	if err != nil {
		return nil, err
	}
	r, err := s.Resolve("", nil)
	if err != nil {
		return nil, err
	}
	refs := map[image.Role]string{}
	for _, want := range lab.ImagesOf(r.Variants[0]) {
		refs[want.Role] = want.Ref
	}
	return refs, nil
}

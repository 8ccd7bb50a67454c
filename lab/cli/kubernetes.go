package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/driver/kubernetes"
	"github.com/lab99/lab99/lab/image"
)

func kubernetesCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use: "kubernetes", GroupID: groupMachine, Args: none,
		Short: "Prepare a cluster for --driver kubernetes",
		RunE:  usage,
	}
	cmd.AddCommand(kubernetesImageCommand(t), kubernetesManifestCommand(t))
	return cmd
}

// kubernetesManifestCommand prints the rights that a user needs.
func kubernetesManifestCommand(t *terminal) *cobra.Command {
	var namespace, user string
	cmd := &cobra.Command{
		Use: "manifest", Args: none,
		Short: "Print the role that a user needs, for the cluster's owner to review and apply",
		RunE: func(*cobra.Command, []string) error {
			return kubernetes.WriteManifest(t.stdout, namespace, user)
		},
	}
	cmd.Flags().StringVar(&namespace, "namespace", "default", "`namespace` of the labs")
	cmd.Flags().StringVar(&user, "user", "", "`name` of the user, as the cluster knows it")
	_ = cmd.MarkFlagRequired("user")
	return cmd
}

// kubernetesImageCommand makes the images of a run as archives.
func kubernetesImageCommand(t *terminal) *cobra.Command {
	var f choice
	store := &kubernetes.Store{GOARCH: runtime.GOARCH}
	var repository string
	var agentOnly bool
	cmd := &cobra.Command{
		Use: "image [SCENARIO]...", Args: cobra.ArbitraryArgs,
		Short: "Write the images that scenarios need as archives for the nodes, or push them to a registry",
		Long: `Write the images that scenarios need, and that of the agent, as archives, and print their names. Put
them onto the nodes:

  ctr -n k8s.io images import FILE       (containerd)
  kind load image-archive FILE
  k3s ctr images import FILE

With --push they go into a repository of your registry, and their names there are printed: runs name it with
--registry. The servers are assembled from this machine's distribution, as with --images local; with
--agent-only the nodes are to pull the official ones, as with --images registry. No cluster is asked.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case agentOnly && len(args) > 0:
				return &usageError{"--agent-only makes no image of a scenario's: leave out the one or the other"}
			case !agentOnly && len(args) == 0:
				args = []string{mainScenario}
			}
			refs, err := makeImages(cmd.Context(), t, store, f, args)
			if err != nil {
				return err
			}
			for _, ref := range refs {
				where, err := store.File(ref)
				if repository != "" {
					where, err = store.Push(cmd.Context(), ref, repository)
				}
				if err != nil {
					return err
				}
				fmt.Fprintln(t.stdout, where)
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&store.GOARCH, "arch", store.GOARCH, "`architecture` of the nodes, in Go's words")
	cmd.Flags().StringVar(&repository, "push", "", "push them into a `repository`, such as registry.example.org/labs")
	cmd.Flags().BoolVar(&agentOnly, "agent-only", false, "only the image of the agent")
	return cmd
}

// makeImages makes the agent's image and those of scenarios, and says what they are called.
func makeImages(ctx context.Context, t *terminal, store *kubernetes.Store, f choice, names []string) ([]string, error) {
	all, err := f.resolve(names...)
	if err != nil {
		return nil, err
	}
	agent, err := store.Agent(ctx)
	if err != nil {
		return nil, err
	}
	made := []string{agent.Used}
	done := map[lab.ImageRef]bool{}
	for _, s := range all {
		for _, v := range s.Variants {
			for _, ref := range lab.ImagesOf(v) {
				if ref.Part = ""; done[ref] {
					continue
				}
				done[ref] = true
				say := func(text string) { fmt.Fprintln(t.stderr, text) }
				img, err := image.Resolve(ctx, store, ref.Role, ref.Ref, image.Local, say)
				if err != nil {
					return nil, err
				}
				made = append(made, img.Used)
			}
		}
	}
	return made, nil
}

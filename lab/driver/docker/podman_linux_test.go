package docker

import (
	"errors"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/lab99/lab99/internal/podmantest"
	"github.com/lab99/lab99/lab/driver"
)

// TestPodmanSaysWhyItRefuses: it prepares a container when somebody attaches, and that
// is where a sysctl turns out to be missing.
func TestPodmanSaysWhyItRefuses(t *testing.T) {
	cli, err := client.New(client.WithHost(podmantest.Root(t).Host))
	if err != nil {
		t.Fatal(err)
	}
	defer cli.Close()
	const lacking = "net.ipv4.nonsense"
	c, err := cli.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Config:     &container.Config{Image: getter(t, cli).Used},
		HostConfig: &container.HostConfig{NetworkMode: "none", Sysctls: map[string]string{lacking: "1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = attach(t.Context(), cli, c.ID, false)
	if err == nil {
		t.Fatal("it attached to a container that cannot start")
	}
	err = lackingSysctl(unfit(t.Context(), "attach", err), map[string]string{lacking: "1"})
	if text := err.Error(); !strings.Contains(text, "409") || !strings.Contains(text, "no such file or directory") {
		t.Errorf("no reason: %v", err)
	}
	if lack := new(driver.LackingError); !errors.As(err, &lack) || lack.Sysctl != lacking {
		t.Errorf("%v is not a %T of %s", err, lack, lacking)
	}
	d := &Driver{cli: cli}
	if err := d.removeContainer(t.Context(), c.ID); err != nil {
		t.Error(err)
	}
}

package docker

import (
	"testing"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
)

// TestEnginesAreNamedAsWhatTheyAre, by the components that Docker 20.10 and Podman 4.3 list.
func TestEnginesAreNamedAsWhatTheyAre(t *testing.T) {
	for _, tc := range []struct {
		components []string
		rootless   bool
		want       string
		leaves     bool
	}{
		{[]string{"Engine", "containerd", "runc", "docker-init"}, false, "Docker 1.2 (API 1.41, overlay)", false},
		{[]string{"Podman Engine", "Conmon", "OCI Runtime (runc)"}, false, "Podman 1.2 (API 1.41, overlay)", true},
		{[]string{"Podman Engine", "Conmon"}, true, "Podman 1.2 (API 1.41, overlay, rootless)", true},
		{nil, false, "Docker 1.2 (API 1.41, overlay)", false},
		{[]string{"Somebody's Engine"}, false, "Somebody's 1.2 (API 1.41, overlay)", false},
	} {
		var v client.ServerVersionResult
		for _, name := range tc.components {
			v.Components = append(v.Components, system.ComponentVersion{Name: name})
		}
		k := kindOf(v)
		got := k.describe(about{Info: system.Info{ServerVersion: "1.2", Driver: "overlay"}, Rootless: tc.rootless},
			"1.41")
		if got != tc.want || k.leavesTether != tc.leaves {
			t.Errorf("%v: %s, %+v, want %s", tc.components, got, k, tc.want)
		}
	}
}

package diagnose

import (
	"strings"
	"testing"
)

func TestNameOfGroup(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for group, want := range map[string]string{
		"12:memory:/docker/" + id + "\n":                                            "container 0123456789ab",
		"0::/system.slice/docker-" + id + ".scope":                                  "container 0123456789ab",
		"0::/kubepods.slice/kubepods-pod1f2e.slice/cri-containerd-" + id + ".scope": "container 0123456789ab",
		"0::/kubepods/besteffort/pod1f2e-44/" + id:                                  "container 0123456789ab",
		"0::/machine.slice/libpod-" + id + ".scope/container":                       "container 0123456789ab",
		// Seen from a container with --pid host.
		"0::/../../docker/" + id:                                             "container 0123456789ab",
		"0::/system.slice/nginx.service":                                     "unit nginx",
		"0::/user.slice/user-0.slice/user@0.service/app.slice/proxy.service": "unit proxy",
		"0::/user.slice/a\tb\x1b[31m\u202ec.service":                         "unit a b?[31m?c",
		"0::/" + strings.Repeat("x", 255) + ".service":                       "unit " + strings.Repeat("x", 63) + "…",
		"0::/\xff\xfe.service":                                               "unit ??",
		"0::/":                                                               "",
		"":                                                                   "",
	} {
		if got := nameOfGroup(group); got != want {
			t.Errorf("%q is called %q, want %q", group, got, want)
		}
	}
}

// FuzzNameOfGroup: whatever a control group is called, its name is one short line.
func FuzzNameOfGroup(f *testing.F) {
	f.Add("0::/a\x1b\n\u202e.service")
	f.Fuzz(func(t *testing.T, text string) {
		if name := nameOfGroup(text); strings.ContainsAny(name, "\n\r\t\x1b\u202e") || len([]rune(name)) > 80 {
			t.Errorf("%q is called %q", text, name)
		}
	})
}

package docker

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestPodmanIsTakenWhereNoDockerListens(t *testing.T) {
	dir := t.TempDir()
	socket := func(name string, listening bool) string {
		path := filepath.Join(dir, name)
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false) // as an engine that was killed leaves it
		if !listening {
			l.Close()
		}
		t.Cleanup(func() { l.Close(); os.Remove(path) })
		return path
	}
	docker, podman := socket("docker", true), socket("podman", true)
	dead, none := socket("dead", false), filepath.Join(dir, "none")
	for _, tc := range []struct {
		podmans, dockers []string
		want             string
	}{
		{[]string{none, podman}, []string{none}, "unix://" + podman},
		{[]string{podman}, []string{dead}, "unix://" + podman},
		{[]string{dead, podman}, nil, "unix://" + podman},
		{[]string{podman}, []string{none, docker}, ""},
		{[]string{none, dead}, []string{none}, ""},
	} {
		if got := instead(tc.podmans, tc.dockers); got != tc.want {
			t.Errorf("%v where Docker's are %v: %q, want %q", tc.podmans, tc.dockers, got, tc.want)
		}
	}
}

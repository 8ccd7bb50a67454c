package docker

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/moby/moby/client"
)

// dockers are the sockets at which testcontainers looks for Docker by itself.
func dockers() []string {
	home, _ := os.UserHomeDir() // without one these are paths at which nobody listens
	return append([]string{
		"/var/run/docker.sock",
		filepath.Join(home, ".docker/run/docker.sock"),
		filepath.Join(home, ".docker/desktop/docker.sock"),
	}, inRuntimeDir("docker.sock")...)
}

// podmans are those of podman-system-service(1): root's, and the user's own.
func podmans() []string {
	return append([]string{"/run/podman/podman.sock"}, inRuntimeDir("podman/podman.sock")...)
}

// inRuntimeDir is where a user's session keeps a socket. Who came by su lacks the
// variable, and may have the directory all the same.
func inRuntimeDir(name string) []string {
	all := []string{filepath.Join("/run/user", fmt.Sprint(os.Getuid()), name)}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		all = append([]string{filepath.Join(dir, name)}, all...)
	}
	return all
}

// foundHost is what DOCKER_HOST was set to by findPodman.
var foundHost string

// findPodman points DOCKER_HOST at a Podman that listens, where nobody has set it and
// no Docker listens: testcontainers knows Docker's sockets only, looks once in a
// process, and takes an address from nowhere else.
func findPodman() error {
	if os.Getenv(client.EnvOverrideHost) != "" {
		return nil
	}
	foundHost = instead(podmans(), dockers())
	if foundHost == "" {
		return nil
	}
	return os.Setenv(client.EnvOverrideHost, foundHost)
}

// instead is the first address at which one of some listens and none of the others.
func instead(some, others []string) string {
	if at := slices.IndexFunc(some, listens); at >= 0 && !slices.ContainsFunc(others, listens) {
		return "unix://" + some[at]
	}
	return ""
}

// listens says whether this user reaches somebody at a socket.
func listens(path string) bool {
	c, err := net.Dial("unix", path)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// hostAsked is the address that the user named, "" without one.
func hostAsked() string {
	if host := os.Getenv(client.EnvOverrideHost); host != foundHost {
		return host
	}
	return ""
}

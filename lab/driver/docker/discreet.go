package docker

import (
	"os"
	"strings"

	"github.com/moby/moby/client"
)

// forgetPassword takes the credentials out of DOCKER_HOST, for this process.
// No engine is asked with them, but every error of the client's quotes the
// address, and errors end up in reports. Over ssh the user counts.
func forgetPassword() error {
	host := os.Getenv(client.EnvOverrideHost)
	if clean := withoutPassword(host); clean != host {
		return os.Setenv(client.EnvOverrideHost, clean)
	}
	return nil
}

// withoutPassword works on text, not on a parsed URL: what does not parse is
// quoted too.
func withoutPassword(host string) string {
	scheme, rest, ok := strings.Cut(host, "://")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 0 {
		return host
	}
	user := ""
	if scheme == "ssh" {
		user, _, _ = strings.Cut(rest[:at], ":")
		user += "@"
	}
	return scheme + "://" + user + rest[at+1:]
}

// withoutEnvironment puts the names of variables in the place of their values,
// those that this package's libraries read. DOCKER_HOST and the API version
// stay: they are what an error is about.
func withoutEnvironment(text string) string {
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		known := strings.HasPrefix(name, "DOCKER_") || strings.HasPrefix(name, "TESTCONTAINERS_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY")
		// A value such as 1 or true says nothing, and would be found everywhere.
		if known && len(value) > 4 && name != client.EnvOverrideHost && name != client.EnvOverrideAPIVersion {
			text = strings.ReplaceAll(text, value, "$"+name)
		}
	}
	return text
}

package docker

import (
	"os"
	"strings"

	"github.com/moby/moby/client"
)

// stripCredentials removes the credentials from this process's DOCKER_HOST. The
// client does not use them, but its errors quote the address, and errors end up
// in reports.
func stripCredentials() error {
	host := os.Getenv(client.EnvOverrideHost)
	if clean := withoutCredentials(host); clean != host {
		return os.Setenv(client.EnvOverrideHost, clean)
	}
	return nil
}

// withoutCredentials keeps the user of an ssh address, who is needed. It works on
// text, since errors also quote an address that is no URL.
func withoutCredentials(host string) string {
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

// redact replaces the values of the variables that this package's libraries read
// by the variables' names. DOCKER_HOST and the API version stay: an error about
// them must show them.
func redact(text string) string {
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		known := strings.HasPrefix(name, "DOCKER_") || strings.HasPrefix(name, "TESTCONTAINERS_") ||
			strings.HasSuffix(strings.ToUpper(name), "_PROXY")
		// A value such as 1 or true says nothing, and would be found everywhere.
		if known && len(value) > 4 && name != client.EnvOverrideHost && name != client.EnvOverrideAPIVersion {
			text = strings.ReplaceAll(text, value, "$"+name)
		}
	}
	return text
}

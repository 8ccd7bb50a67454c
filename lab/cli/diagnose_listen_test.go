package cli

import (
	"errors"
	"testing"
)

func TestListenOn(t *testing.T) {
	for text, want := range map[string]string{
		"9799": "127.0.0.1:9799", ":9799": "127.0.0.1:9799", "localhost:9799": "127.0.0.1:9799", "127.0.0.1:0": "127.0.0.1:0",
		"[::1]:9799": "[::1]:9799", "0.0.0.0:9799": "0.0.0.0:9799", "[::]:80": "[::]:80", "10.1.2.3:65535": "10.1.2.3:65535",
	} {
		if got, err := listenOn("listen", text); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
	for _, bad := range []string{
		"", ":", "65536", ":65536", "-1", "x", "host:9799", "10.1.2.3", "::1:9799", "[::1]", "1.2.3.4:http",
		"[fe80::1%eth0]:80", "127.0.0.1:80:80", " :80",
	} {
		var own *usageError
		if got, err := listenOn("listen", bad); !errors.As(err, &own) {
			t.Errorf("%q is read as %v, %v; want a mistake on the command line", bad, got, err)
		}
	}
}

package results

import (
	"strings"
	"testing"
)

// TestConfigsOfAGlance: they are the same as of the run that is read whole.
func TestConfigsOfAGlance(t *testing.T) {
	const dir = "example/port-exhaustion-quick"
	glance, err := Glance(dir)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	nginx, httpd := glance.Configs("keepalive")
	if !strings.Contains(nginx, "keepalive 20;") || !strings.Contains(httpd, "KeepAlive On") {
		t.Errorf("nginx.conf %q, httpd.conf %q", nginx, httpd)
	}
	if n, h := whole.Configs("keepalive"); n != nginx || h != httpd {
		t.Error("they differ from those of the whole run")
	}
	if n, h := glance.Configs("nothing"); n != "" || h != "" {
		t.Errorf("of a variant that is not there: %q, %q", n, h)
	}
}

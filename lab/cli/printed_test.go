package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoFileCommandsTheTerminal: what plan and its errors quote of a configuration
// from elsewhere comes without control characters.
func TestNoFileCommandsTheTerminal(t *testing.T) {
	for name, text := range map[string]string{
		"a plan": "events {}\nhttp { server { location /\x1b]0;x\a { proxy_pass http://10.0.0.1; " +
			"} location / { proxy_pass http://10.0.0.1; } } }",
		"an error": "events {}\nhttp { server { location / { fastcgi_pass \x1b]0;x\a; } } }",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "nginx.conf")
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			Main([]string{"plan", "port-exhaustion", "--set", "proxy.config=" + file}, strings.NewReader(""), &out, &out)
			if strings.ContainsAny(out.String(), "\x1b\a") || !strings.Contains(out.String(), "?]0;x") {
				t.Errorf("%q", out.String())
			}
		})
	}
}

package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
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
			filetest.Write(t, file, text)
			var out bytes.Buffer
			Main([]string{"plan", "port-exhaustion", "--set", "proxy.config=" + file}, strings.NewReader(""), &out, &out)
			if strings.ContainsAny(out.String(), "\x1b\a") || !strings.Contains(out.String(), "?]0;x") {
				t.Errorf("%q", out.String())
			}
		})
	}
}

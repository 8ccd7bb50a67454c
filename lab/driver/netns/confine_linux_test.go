package netns

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

// TestServersOnlyReadWhatIsTheMachines: a server that is root could set the
// machine's sysctls without a capability, for it owns their files.
func TestServersOnlyReadWhatIsTheMachines(t *testing.T) {
	d := open(t)
	s := spec(d, t)
	d.roots["machine"] = "/"
	server := driver.Server{Image: "machine", Command: []string{"/bin/sleep", "60"}}
	s.Configure = same(server)
	l, err := d.Up(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Down(t.Context())
	for _, file := range []string{"/proc/sys/vm/swappiness", "/proc/sys/net/ipv4/tcp_tw_reuse", "/proc/self/oom_score_adj",
		"/usr/lab99"} {
		out, err := l.Exec(t.Context(), results.HostProxy, "/bin/sh", "-c", "exec 3>>"+file) // opened, never written
		if err == nil || !strings.Contains(out, "Read-only file system") {
			t.Errorf("%s can be written: %v, %s", file, err, out)
		}
	}
	if out, err := l.Exec(t.Context(), results.HostProxy, "/bin/sh", "-c", "echo said >/dev/stderr"); err != nil ||
		out != "said\n" {
		t.Errorf("a server's own streams: %q, %v", out, err)
	}
}

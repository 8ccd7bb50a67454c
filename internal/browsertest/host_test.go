package browsertest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestAWatchedHost follows a real namespace as its 300 ports fill at 20 a second: the
// forecast, the state when they are gone, the findings.
func TestAWatchedHost(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("another network namespace is looked at as root")
	}
	const script = `ip link set lo up; sysctl -qw net.ipv4.ip_local_port_range='20000 20299' net.ipv4.tcp_tw_reuse=0
exec python3 -c '
import socket, time
l = socket.create_server(("127.0.0.1", 80))
print("ready", flush=True)
for i in range(300):
    c = socket.create_connection(("127.0.0.1", 80)); a, _ = l.accept(); c.close(); a.close(); time.sleep(.05)
time.sleep(300)'`
	load := exec.Command("unshare", "--net", "sh", "-c", script)
	out, err := load.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	load.Stderr = os.Stderr
	if err := load.Start(); err != nil {
		t.Skipf("no namespace: %v", err)
	}
	t.Cleanup(func() { load.Process.Kill(); load.Wait() })
	fmt.Fscanln(out, new(string))
	url, _ := program(t, "diagnose", "--watch", "--live", "--pid", fmt.Sprint(load.Process.Pid))
	ctx := browser(t)
	visit(t, ctx, url)
	said := func(what, words string) string {
		return `document.querySelector("article.live ` + what + `") && ` +
			words + `.test(document.querySelector("article.live ` + what + `").textContent)`
	}
	until(t, ctx, said(".s-when", `/^Error 99 is due in [\d.]+ s/`))
	good(t, ctx, "host-filling")
	text := ask[string](t, ctx, `document.querySelector("article.live h2").textContent`)
	if !strings.Contains(text, "127.0.0.1 → 127.0.0.1:80") {
		t.Errorf("the pair is called %q", text)
	}
	until(t, ctx, said(".v", `/^exhausted$/`))
	until(t, ctx, said(".s-when", `/^All ports are taken: connect\(\) fails with error 99$/`))
	until(t, ctx, `/critical: /.test(document.getElementById("findings").textContent)`)
	good(t, ctx, "host-full")
	// Whoever comes late sees how it filled.
	visit(t, ctx, url)
	until(t, ctx, said(".v", `/^exhausted$/`))
	until(t, ctx, `document.querySelector("article.live .s-line").getAttribute("d").split("L").length > 5`)
}

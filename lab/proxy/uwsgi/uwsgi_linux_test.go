package uwsgi

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// TestUWSGIReadsItsConfiguration asks the real one, which serves in TestOtherProtocolsRunOut.
func TestUWSGIReadsItsConfiguration(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	v := scenarios.Variant{Backend: scenarios.Backend{Kind: "uwsgi", Addresses: 1, Ports: 2}}
	at := proxy.Example(v)
	at.Program, at.Dir = program, t.TempDir()
	c, err := Kind{}.Configure(v, at)
	if err != nil {
		t.Fatal(err)
	}
	filetest.Write(t, filepath.Join(at.Dir, c.File), c.Text)
	if got := strings.Count(string(c.Text), "\nsocket = 192.0.2.128:"); got != 2 {
		t.Errorf("%d sockets:\n%s", got, c.Text)
	}
	self, err := Kind{}.ReadBack(v, c, func(args ...string) (string, error) {
		out, err := exec.Command(c.Command[0], append(c.Command[1:], args...)...).CombinedOutput()
		return string(out), err
	})
	if err != nil || !strings.HasPrefix(self.Version, "2.") {
		t.Errorf("it says that it is %+v, %v", self, err)
	}
}

// TestWhateverRepliesItCloses: the lab's page and a WSGI application are the same to who
// speaks the protocol. The reply has a length, and uWSGI ends the connection after it.
func TestWhateverRepliesItCloses(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	for answers, change := range map[string]func(ini string) string{
		"the page": func(ini string) string { return ini },
		"a WSGI application": func(ini string) string {
			plugins, _ := filepath.Glob("/usr/lib/uwsgi/plugins/python3?*_plugin.so")
			if len(plugins) == 0 {
				t.Skip("uWSGI's plugin for Python is not installed")
			}
			ini = regexp.MustCompile(`(?m)^route-run = .*$`).ReplaceAllLiteralString(ini,
				`eval = application = lambda e, s: (s("200 OK", [("Content-Length", "1024")]), [b"x" * 1024])[1]`)
			return strings.Replace(ini, "plugin = router_static", "plugin = "+plugins[0], 1)
		},
	} {
		t.Run(answers, func(t *testing.T) {
			v := scenarios.Variant{Backend: scenarios.Backend{Kind: "uwsgi", Addresses: 1, Ports: 1}}
			at := proxy.Example(v)
			at.Program, at.Dir, at.DocumentRoot, at.Backends = program, t.TempDir(), t.TempDir(), []netip.AddrPort{free(t)}
			c, err := Kind{}.Configure(v, at)
			if err != nil {
				t.Fatal(err)
			}
			c.More[filepath.Join(at.Dir, c.File)] = []byte(change(string(c.Text)))
			for name, text := range c.More {
				if err := os.WriteFile(name, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var printed bytes.Buffer
			cmd := exec.CommandContext(t.Context(), c.Command[0], c.Command[1:]...)
			cmd.Stdout, cmd.Stderr = &printed, &printed
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the master and its processes end together
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				cmd.Wait()
				if t.Failed() {
					t.Log(printed.String())
				}
			}()
			reply, err := ask(at.Backends[0].String())
			if err != nil || !bytes.HasPrefix(reply, []byte("HTTP/1.1 200 OK\r\n")) ||
				!bytes.Contains(reply, []byte("Content-Length: 1024\r\n")) {
				t.Errorf("%v: %q", err, reply)
			}
		})
	}
}

// ask sends a request, keeps its end of the connection open, and returns what comes until
// uWSGI ends it.
func ask(address string) (reply []byte, err error) {
	var vars []byte
	for _, x := range []string{"REQUEST_METHOD", "GET", "REQUEST_URI", "/", "PATH_INFO", "/", "SERVER_PROTOCOL", "HTTP/1.1",
		"SERVER_NAME", "lab", "SERVER_PORT", "80"} {
		vars = append(binary.LittleEndian.AppendUint16(vars, uint16(len(x))), x...)
	}
	request := append(binary.LittleEndian.AppendUint16([]byte{0}, uint16(len(vars))), 0)
	request = append(request, vars...)
	var c net.Conn
	for range 100 { // until it listens
		if c, err = net.Dial("tcp", address); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	return io.ReadAll(c)
}

// free is an address that nobody has.
func free(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

func TestAFullBacklogIsALimit(t *testing.T) {
	const line = "Mon Nov 30 17:45:04 2026 - *** uWSGI listen queue of socket \"0.0.0.0:80\" (fd: " +
		"3) full !!! (101/100) ***\n"
	var v scenarios.Variant
	if got := (Kind{}).ReachedLimit(v, "started\n"+line); !strings.Contains(got, "(101/100)") {
		t.Errorf("%q", got)
	}
	if v.Backend.MaxWorkers = 1; (Kind{}).ReachedLimit(v, line) != "" {
		t.Error("a scenario about that limit is refused")
	}
}

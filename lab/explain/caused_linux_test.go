package explain

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/vishvananda/netlink"
)

// insideEnv makes the test's own program the one in the namespace.
const insideEnv = "LAB99_EXPLAIN_INSIDE"

func TestMain(m *testing.M) {
	if os.Getenv(insideEnv) != "" {
		if err := inside(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// programs are asked to connect to 127.0.0.1:8080, and then to do so from an
// address that is not there. Where one has no way to do so, it is left out.
var programs = []struct {
	name         string
	ports, bound []string
	want         string // what the first says
	wantBound    string
}{
	{
		name:      "curl",
		ports:     []string{"curl", "-v", "http://127.0.0.1:8080/"},
		bound:     []string{"curl", "-sS", "--interface", "10.9.9.9", "http://127.0.0.1:8080/"},
		want:      "ports curl connect EADDRNOTAVAIL 127.0.0.1",
		wantBound: "no-source-address curl bind EADDRNOTAVAIL -",
	},
	{
		name:  "python3",
		ports: []string{"python3", "-c", "import socket\nsocket.create_connection(('127.0.0.1',8080))"},
		bound: []string{"python3", "-c",
			"import socket\nsocket.create_connection(('127.0.0.1',8080),source_address=('10.9.9.9',0))"},
		want:      "ports-or-address Python connect EADDRNOTAVAIL -",
		wantBound: "no-source-address Python bind EADDRNOTAVAIL -",
	},
	{
		name:  "node",
		ports: []string{"node", "-e", "require('net').connect(8080,'127.0.0.1').on('error',e=>console.log(e))"},
		bound: []string{"node", "-e",
			"require('net').connect({port:8080,host:'127.0.0.1',localAddress:'10.9.9.9'}).on('error',e=>console.log(String(e)))"},
		want:      "ports Node.js connect EADDRNOTAVAIL 127.0.0.1:8080",
		wantBound: "no-source-address Node.js bind EADDRNOTAVAIL 10.9.9.9>",
	},
	{
		name:  "wget",
		ports: []string{"wget", "-t1", "-O-", "http://127.0.0.1:8080/"},
		want:  "ports wget connect EADDRNOTAVAIL 127.0.0.1:8080",
	},
	{
		name:  "bash",
		ports: []string{"bash", "-c", "echo > /dev/tcp/127.0.0.1/8080"},
		want:  "ports-or-address - connect EADDRNOTAVAIL -",
	},
}

// TestReadsWhatProgramsSay takes all ports of a namespace and explains what the
// programs that this machine has then print.
func TestReadsWhatProgramsSay(t *testing.T) {
	needs.Root(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), insideEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	var talk bytes.Buffer
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, talk.String())
	}
	said := map[string]string{}
	for _, m := range regexp.MustCompile(`(?s)<<(\S+)\n(.*?)>>\n`).FindAllStringSubmatch(string(out), -1) {
		said[m[1]] = m[2]
	}
	if first(t, said["go"]) != "ports Go connect EADDRNOTAVAIL 127.0.0.1:8080" {
		t.Fatalf("the ports were not taken: %s", out)
	}
	if got := first(t, said["go-bound"]); got != "no-source-address Go bind EADDRNOTAVAIL 10.9.9.9:0>127.0.0.1:8080" {
		t.Errorf("Go says %q, which is %s", said["go-bound"], got)
	}
	if got := first(t, said["go-first"]); got != "bind-first Go bind EADDRINUSE 127.0.0.1:0>127.0.0.1:8080" {
		t.Errorf("Go says %q, which is %s", said["go-first"], got)
	}
	asked := 0
	for _, p := range programs {
		if _, err := exec.LookPath(p.name); err != nil {
			t.Logf("%s is not there", p.name)
			continue
		}
		asked++
		if got := first(t, said[p.name]); got != p.want {
			t.Errorf("%s says\n%s\nwhich is %s, want %s", p.name, said[p.name], got, p.want)
		}
		if p.bound != nil {
			if got := first(t, said[p.name+"-bound"]); got != p.wantBound {
				t.Errorf("%s says\n%s\nwhich is %s, want %s", p.name, said[p.name+"-bound"], got, p.wantBound)
			}
		}
	}
	t.Logf("%d programs were asked", asked)
}

// inside runs in a namespace of its own, with two source ports, and takes both.
func inside() error {
	if err := loopbackUp(); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40001"), 0); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		return err
	}
	defer l.Close()
	for range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return err
		}
		defer c.Close()
	}
	say := func(name string, text string) { fmt.Printf("<<%s\n%s\n>>\n", name, strings.TrimSpace(text)) }
	dial := func(name, from string) {
		d := net.Dialer{Timeout: 5 * time.Second}
		if from != "" {
			d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
		}
		_, err := d.Dial("tcp", l.Addr().String())
		say(name, fmt.Sprint(err))
	}
	dial("go", "")
	dial("go-bound", "10.9.9.9")
	dial("go-first", "127.0.0.1")
	for _, p := range programs {
		if _, err := exec.LookPath(p.name); err != nil {
			continue
		}
		for name, args := range map[string][]string{p.name: p.ports, p.name + "-bound": p.bound} {
			if args == nil {
				continue
			}
			cmd := exec.Command(args[0], args[1:]...)
			cmd.WaitDelay = time.Second
			out, _ := cmd.CombinedOutput() // it is to fail
			say(name, string(out))
		}
	}
	return nil
}

func loopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}

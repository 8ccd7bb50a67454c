package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/lab99/lab99/lab/probe"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Inside is what the child of Examine runs: it tries in its own namespaces what
// a lab does, and writes what came of it. It refuses to run anywhere else,
// where a mount would stay.
func Inside(w io.Writer) error {
	if os.Getpid() != 1 {
		return errors.New("this is for a process that has namespaces of its own")
	}
	f := Seen{Sysctls: probe.Sysctls()}
	f.Link = text(up("lo"))
	f.Veth = text(links())
	f.Mount = text(tmpfs())
	f.Sysctl = text(os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("20000 20099"), 0o644))
	ports, err := probe.UsablePorts()
	f.Dump, f.UsablePort = text(err), ports.Usable
	f.connection()
	return json.NewEncoder(w).Encode(f)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func up(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

func links() error {
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "lab99"}}
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "lab99a"}, PeerName: "lab99b"}
	for _, l := range []netlink.Link{bridge, veth} {
		if err := netlink.LinkAdd(l); err != nil {
			return fmt.Errorf("%s: %w", l.Type(), err)
		}
	}
	return nil
}

// tmpfs mounts where nobody sees it: first nothing is passed on to the parent.
func tmpfs() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return unix.Mount("tmpfs", "/tmp", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=64k")
}

// connection opens one over loopback, for conntrack to count and for
// SOCK_DESTROY to end.
func (f *Seen) connection() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Destroy = err.Error()
		return
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		f.Destroy = err.Error()
		return
	}
	defer c.Close()
	if b, err := os.ReadFile("/proc/sys/net/netfilter/nf_conntrack_count"); err == nil {
		f.Tracked = new(strings.TrimSpace(string(b)) != "0")
	}
	f.Destroy = text(netlink.SocketDestroy(c.LocalAddr(), c.RemoteAddr()))
}

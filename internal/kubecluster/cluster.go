//go:build linux

// Package kubecluster brings up a real Kubernetes on this machine for a test, two nodes by
// default, and takes it away again.
//
// The control plane and each node have network namespaces of their own, joined by a
// bridge: nothing of the cluster listens or sends outside of them. A node is one tree of
// processes, containerd and a kubelet, in further namespaces, so that killing its first
// process kills the machine. The parts are one program, the module internal/testkube,
// built once into the user's cache by `make testkube`; containerd, runc and the CNI plugins
// are the distribution's packages.
package kubecluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/lab99/lab99/internal/needs"
)

// Options say what cluster to bring up. The zero value has two nodes.
type Options struct {
	Nodes        int
	AllowSysctls []string // unsafe ones that the kubelets allow
	Users        []string // who may do nothing yet
	ProxyModes   []string // of each node's kube-proxy, iptables or nftables; without, no node has one
}

// Cluster is a cluster that answers and has room for pods.
type Cluster struct {
	Nodes []*Node

	dir     string
	program string
	token   string // of its administrator
	control *room
	desk    *room   // of people: it reaches the API server and nothing else
	parts   []*part // of the control plane
}

// Node is one machine of it.
type Node struct {
	Name    string
	Address string

	dir    string // what its parts are told of
	room   *room
	init   *part // the first process of its namespaces
	proxy  *part // its kube-proxy; nil: none
	cgroup string
}

const (
	controlAddress = "10.99.0.1"
	deskAddress    = "10.99.0.2"
	apiServer      = "https://" + controlAddress + ":6443"
	readyTimeout   = 90 * time.Second
)

// pluginDirs are where distributions and everybody else keep the CNI plugins.
var pluginDirs = []string{"/usr/lib/cni", "/opt/cni/bin"}

// Start brings a cluster up, or skips the test and says what it would need. The test's end
// takes it away.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	needs.Root(t)
	plugins, err := lookForParts(o)
	needs.Had(t, "kubernetes", err)
	if o.Nodes == 0 {
		o.Nodes = 2
	}
	made, _, err := where(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !made.complete() { // too long for a test
		needs.Had(t, "kubernetes", errors.New("no Kubernetes is built for these sources: `make testkube`"))
	}
	// Not t.TempDir: what a node's containers wrote is removed with more patience than it has.
	dir, err := os.MkdirTemp("", "lab99-kube-")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{dir: dir, program: made.program}
	t.Cleanup(func() {
		if t.Failed() {
			c.logEnds(t)
		}
		if err := c.stop(); err != nil {
			t.Errorf("take the cluster away: %v", err)
		}
	})
	if err := c.start(t.Context(), o, plugins, made.pause); err != nil {
		t.Fatalf("bring a cluster up: %v", err)
	}
	return c
}

// lookForParts says what is missing of the packages that a node is made of.
func lookForParts(o Options) (plugins string, err error) {
	var missing []error
	programs := []string{"ip", "containerd", "ctr", "runc", "mount"}
	if len(o.ProxyModes) > 0 {
		programs = append(programs, "iptables", "nft") // a kube-proxy uses them, whatever its mode
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, fmt.Errorf("%s is not on the PATH", name))
		}
	}
	for _, dir := range pluginDirs {
		if _, err := os.Stat(filepath.Join(dir, "bridge")); err == nil {
			plugins = dir
		}
	}
	if plugins == "" {
		missing = append(missing, fmt.Errorf("no CNI plugins in any of %v (Debian: containernetworking-plugins)",
			pluginDirs))
	}
	return plugins, errors.Join(missing...)
}

func (c *Cluster) start(ctx context.Context, o Options, plugins, pause string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := c.wire(o.Nodes); err != nil {
		return err
	}
	if err := c.credentials(o.Users); err != nil {
		return err
	}
	if err := c.startControl(); err != nil {
		return err
	}
	for i, n := range c.Nodes { // they wait for the API server by themselves
		if err := c.startNode(i, n, o, plugins, pause); err != nil {
			return err
		}
	}
	return c.waitUntilReady(ctx)
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

// startControl starts etcd and the API server, and the two that need it besides.
func (c *Cluster) startControl() error {
	for _, argv := range [][]string{
		{"etcd", "--data-dir=" + c.path("etcd"), "--listen-client-url=http://127.0.0.1:2379"},
		{"kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", "--bind-address=" + controlAddress,
			"--advertise-address=" + controlAddress, "--secure-port=6443", "--cert-dir=" + c.path("certs"),
			"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + c.path("sa.pub"),
			"--service-account-signing-key-file=" + c.path("sa.key"), "--service-cluster-ip-range=10.96.0.0/16",
			"--token-auth-file=" + c.path("tokens.csv"), "--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
			"--kubelet-preferred-address-types=InternalIP"},
		{"kube-controller-manager", "--kubeconfig=" + c.path("kcm.conf"),
			"--service-account-private-key-file=" + c.path("sa.key"),
			"--root-ca-file=" + c.path("certs/apiserver.crt"), "--leader-elect=false",
			"--use-service-account-credentials=true"},
		{"kube-scheduler", "--kubeconfig=" + c.path("scheduler.conf"), "--leader-elect=false"},
	} {
		if argv[0] == "kube-controller-manager" { // it reads a file that the API server makes
			if err := waitForFile(c.path("certs/apiserver.crt"), 30*time.Second); err != nil {
				return err
			}
		}
		p, err := c.control.startPart(c.path(argv[0]+".log"), nil, append([]string{c.program}, argv...)...)
		if err != nil {
			return err
		}
		c.parts = append(c.parts, p)
	}
	return nil
}

func (c *Cluster) startNode(i int, n *Node, o Options, plugins, pause string) error {
	n.dir = c.path(n.Name)
	n.cgroup = fmt.Sprintf("lab99-%d-%s", os.Getpid(), n.Name)
	if err := makeGroups(n.cgroup); err != nil {
		return err
	}
	argv := []string{c.program, "node", "--name=" + n.Name, "--address=" + n.Address, "--pods=" + podsOf(i),
		"--dir=" + n.dir, "--kubeconfig=" + c.path(n.Name+".conf"), "--cgroup=/" + n.cgroup,
		"--cni-plugins=" + plugins, "--image=" + pause}
	for _, s := range o.AllowSysctls {
		argv = append(argv, "--allow-sysctl="+s)
	}
	var err error
	n.init, err = n.room.startPart(c.path(n.Name+".log"), &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWPID,
	}, argv...)
	if err != nil || len(o.ProxyModes) == 0 {
		return err
	}
	// It is about the node's network only, and its own processes have no part in it. The
	// table of connections is the machine's: it leaves its size alone.
	n.proxy, err = n.room.startPart(c.path(n.Name+"-proxy.log"), nil, c.program, "kube-proxy",
		"--kubeconfig="+c.path("proxy.conf"), "--hostname-override="+n.Name,
		"--proxy-mode="+o.ProxyModes[i], "--cluster-cidr="+allPods,
		"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s")
	return err
}

// Import puts an image of an archive onto every node.
func (c *Cluster) Import(ctx context.Context, archive string) error {
	var all sync.WaitGroup
	errs := make([]error, len(c.Nodes))
	for i, n := range c.Nodes {
		all.Go(func() {
			socket := fmt.Sprintf("/proc/%d/root/run/containerd/containerd.sock", n.init.pid())
			ctr := exec.CommandContext(ctx, "ctr", "-a", socket, "-n", "k8s.io", "images", "import", archive)
			out, err := ctr.CombinedOutput()
			if err != nil {
				errs[i] = fmt.Errorf("import %s on %s: %w: %s", archive, n.Name, err, out)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// CommandOf is a command of a user of Options.Users, at the desk.
func (c *Cluster) CommandOf(ctx context.Context, user string, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--net=" + c.desk.path}, argv...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.path(user+".conf"))
	return cmd
}

// Freeze stops a part of the control plane, by its name, as if it were dead, until thaw.
func (c *Cluster) Freeze(name string) (thaw func(), err error) {
	for _, p := range c.parts {
		if slices.Contains(p.cmd.Args, name) {
			return func() { p.cmd.Process.Signal(syscall.SIGCONT) }, p.cmd.Process.Signal(syscall.SIGSTOP)
		}
	}
	return nil, fmt.Errorf("the control plane has no %s", name)
}

// Kill ends a node as a power cut does.
func (n *Node) Kill() error { return n.init.kill() }

// KillKubelet ends a node's kubelet, and nothing else. The node starts it again ten seconds
// later, as systemd does.
func (n *Node) KillKubelet() error {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		command, _ := os.ReadFile(dir + "/cmdline")
		argv := strings.Split(string(command), "\x00")
		its := slices.Contains(argv, "--node-ip="+n.Address) &&
			slices.Contains(argv, "--config="+filepath.Join(n.dir, "kubelet.yaml"))
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && len(argv) > 1 && argv[1] == "kubelet" && its {
			return syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return fmt.Errorf("node %s has no kubelet", n.Name)
}

// Processes are those of a node's pods whose command begins with some words, by their IDs
// here.
func (n *Node) Processes(argv ...string) (all []int) {
	begin := strings.Join(argv, "\x00") + "\x00"
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		command, _ := os.ReadFile(dir + "/cmdline")
		groups, _ := os.ReadFile(dir + "/cgroup")
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && strings.HasPrefix(string(command), begin) &&
			strings.Contains(string(groups), "/"+n.cgroup+"/") {
			all = append(all, pid)
		}
	}
	return all
}

// Config is how a user of Options.Users, or "admin", reaches the API from this process.
func (c *Cluster) Config(user string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.path(user+".conf"))
	if err == nil {
		config.Dial = c.Dial
	}
	return config, err
}

// Dial dials from where the cluster can be reached.
func (c *Cluster) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	c.control.do(func() { conn, err = new(net.Dialer).DialContext(ctx, network, address) })
	return conn, err
}

// Listen listens at a port of the loopback address of every node, and of the desk.
func (c *Cluster) Listen(port int) (all []net.Listener, err error) {
	rooms := []*room{c.desk}
	for _, n := range c.Nodes {
		rooms = append(rooms, n.room)
	}
	for _, r := range rooms {
		r.do(func() {
			l, lerr := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err = errors.Join(err, lerr); lerr == nil {
				all = append(all, l)
			}
		})
	}
	return all, err
}

// logEnds shows the ends of the parts' logs.
func (c *Cluster) logEnds(t testing.TB) {
	logs, _ := filepath.Glob(c.path("*.log"))
	more, _ := filepath.Glob(c.path("*/*.log"))
	for _, path := range append(logs, more...) {
		b, _ := os.ReadFile(path)
		t.Logf("%s:\n%s", path, b[max(0, len(b)-1500):])
	}
}

// stop ends everything, the nodes first, and removes what they were made of.
func (c *Cluster) stop() error {
	var errs []error
	for _, n := range c.Nodes {
		for _, p := range []*part{n.init, n.proxy} {
			if p != nil {
				errs = append(errs, p.kill())
			}
		}
	}
	for i := len(c.parts) - 1; i >= 0; i-- {
		errs = append(errs, c.parts[i].kill())
	}
	for _, n := range c.Nodes {
		if n.cgroup != "" {
			errs = append(errs, removeGroups(n.cgroup))
		}
		errs = append(errs, n.room.remove())
	}
	errs = append(errs, c.desk.remove(), c.control.remove())
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}

func waitForFile(path string, limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s is not there after %v", path, limit)
		}
	}
}

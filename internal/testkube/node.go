package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// node is a machine of the cluster: containerd and a kubelet, as the processes of one
// tree whose root is process 1 of the node's own namespaces. The end of that process is
// the end of the node, whatever it ran: the kernel kills a PID namespace with its init.
type node struct {
	name, address, pods string // pods is the prefix of its pods' addresses
	dir                 string // holds all that it writes
	kubeconfig          string
	cgroup              string // made by who starts it
	plugins             string // directory of the CNI plugins
	images              []string
	sysctls             []string // unsafe ones that its kubelet allows
}

func nodeCommand() *cobra.Command {
	var n node
	cmd := &cobra.Command{
		Use:          "node",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			return n.run()
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&n.name, "name", "", "what it is called")
	fs.StringVar(&n.address, "address", "", "its own address")
	fs.StringVar(&n.pods, "pods", "", "the prefix that its pods get addresses of")
	fs.StringVar(&n.dir, "dir", "", "where it keeps everything")
	fs.StringVar(&n.kubeconfig, "kubeconfig", "", "how it reaches the API server")
	fs.StringVar(&n.cgroup, "cgroup", "", "its control group, a path below the root of each hierarchy")
	fs.StringVar(&n.plugins, "cni-plugins", "", "where the CNI plugins are")
	fs.StringArrayVar(&n.images, "image", nil, "an archive to import before it is ready; the first has the pause image")
	fs.StringArrayVar(&n.sysctls, "allow-sysctl", nil, "an unsafe sysctl that pods may set")
	return cmd
}

func (n *node) run() error {
	if os.Getpid() != 1 {
		return errors.New("a node wants PID, mount, IPC and UTS namespaces of its own: " +
			"its process must be the first in them")
	}
	if err := n.mount(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(n.name)); err != nil {
		return fmt.Errorf("set the host's name: %w", err)
	}
	if err := n.configure(); err != nil {
		return err
	}
	containerd, err := n.start("containerd", "containerd", "--config", n.path("containerd.toml"))
	if err != nil {
		return err
	}
	if err := n.importImages(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	kubelet := func() (int, error) {
		return n.start("kubelet", self, "kubelet", "--config="+n.path("kubelet.yaml"), "--kubeconfig="+n.kubeconfig,
			"--hostname-override="+n.name, "--node-ip="+n.address, "--root-dir=/var/lib/kubelet")
	}
	pid, err := kubelet()
	if err != nil {
		return err
	}
	return reapUntil(containerd, pid, kubelet)
}

// restartAfter is for how long a node is without the kubelet that ended: as systemd has it
// by the unit of Debian's and RHEL's packages (Restart=always, RestartSec=10).
const restartAfter = 10 * time.Second

func (n *node) path(name string) string { return filepath.Join(n.dir, name) }

// mount puts directories of the node's own over those that its parts have fixed paths in.
func (n *node) mount() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to the node: %w", err)
	}
	for from, to := range map[string]string{"lib": "/var/lib", "log": "/var/log"} {
		if err := os.MkdirAll(n.path(from), 0o755); err != nil {
			return err
		}
		if err := unix.Mount(n.path(from), to, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s on %s: %w", n.path(from), to, err)
		}
	}
	for _, dir := range []string{"kubelet", "containerd", "cni"} {
		if err := os.MkdirAll("/var/lib/"+dir, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	for _, dir := range []string{"/run/containerd", "/run/lock", "/run/netns"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NOEXEC|unix.MS_NODEV, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	// A kubelet's volumes must be seen by the containers' runtime.
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")
}

func (n *node) configure() error {
	for name, text := range map[string]string{
		"containerd.toml":  n.containerd(),
		"kubelet.yaml":     n.kubelet(),
		"cni/10-lab.conf":  n.network(),
		"cni/99-loop.conf": `{"cniVersion":"0.4.0","name":"lo","type":"loopback"}`,
	} {
		if err := os.MkdirAll(filepath.Dir(n.path(name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(n.path(name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// network is a bridge without NAT. Other nodes have a route to its pods.
func (n *node) network() string {
	return fmt.Sprintf(`{"cniVersion":"0.4.0","name":"lab","type":"bridge","bridge":"cni0","isGateway":true,
 "ipMasq":false,"hairpinMode":true,
 "ipam":{"type":"host-local","ranges":[[{"subnet":%q}]],"routes":[{"dst":"0.0.0.0/0"}]}}`, n.pods)
}

// containerd's configuration: without CAP_SYS_RESOURCE, which containers like ours lack, a
// sandbox may not lower its oom_score_adj.
func (n *node) containerd() string {
	return fmt.Sprintf(`version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "lab99.test/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
`, n.plugins, n.path("cni"))
}

// kubelet's configuration. Whoever reaches the node may use it: nobody but the cluster
// does, and the API server then needs no certificate for exec and logs.
// evictNothing keeps the kubelet from ending pods for want of memory or of room on a disk.
const evictNothing = `evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", ` +
	`imagefs.available: "0%", imagefs.inodesFree: "0%"}`

func (n *node) kubelet() string {
	text := fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: %s
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
oomScoreAdj: 0
failSwapOn: false
resolvConf: ""
%s
imageGCHighThresholdPercent: 100
allowedUnsafeSysctls: [`, n.cgroup, evictNothing)
	for i, s := range n.sysctls {
		if i > 0 {
			text += ", "
		}
		text += s
	}
	return text + "]\n"
}

// start starts a part whose output is a file of the node's.
func (n *node) start(name string, argv ...string) (pid int, err error) {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return 0, err
	}
	log, err := os.OpenFile(n.path(name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	p, err := os.StartProcess(path, argv, &os.ProcAttr{Env: os.Environ(), Files: []*os.File{nil, log, log}})
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", name, err)
	}
	return p.Pid, nil
}

// importImages waits for containerd, which is ready when it answers.
func (n *node) importImages() error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		out, err := exec.Command("ctr", "version").CombinedOutput()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("containerd does not answer: %w: %s", err, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
	for _, archive := range n.images {
		if out, err := exec.Command("ctr", "-n", "k8s.io", "images", "import", archive).CombinedOutput(); err != nil {
			return fmt.Errorf("import %s: %w: %s", archive, err, out)
		}
	}
	return nil
}

// reapUntil takes the orphans that process 1 gets, until containerd ends. A kubelet that ends
// comes back.
func reapUntil(containerd, kubelet int, again func() (int, error)) error {
	came := make(chan int, 1) // the one that came back
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("wait for the parts: %w", err)
		}
		select {
		case kubelet = <-came:
		default:
		}
		switch pid {
		case containerd:
			return fmt.Errorf("containerd ended: status %d, signal %v", status.ExitStatus(), status.Signal())
		case kubelet:
			fmt.Fprintf(os.Stderr, "the kubelet ended: status %d, signal %v\n", status.ExitStatus(), status.Signal())
			time.AfterFunc(restartAfter, func() {
				pid, err := again()
				if err != nil {
					fmt.Fprintln(os.Stderr, err) // the node stays without, and the test says so
					return
				}
				came <- pid
			})
		}
	}
}

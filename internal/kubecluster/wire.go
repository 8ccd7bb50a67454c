//go:build linux

package kubecluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// toDesk is the bridge's port where commands are.
const toDesk = "to-desk"

// allPods is the prefix of all nodes' pods.
const allPods = "10.244.0.0/16"

// podsOf is the prefix of a node's pods, by its place.
func podsOf(i int) string { return fmt.Sprintf("10.244.%d.0/24", i+1) }

// wire makes the namespaces and joins them: a bridge where the control plane is, the desk
// that commands are given at, a route to each node's pods everywhere else.
func (c *Cluster) wire(nodes int) (err error) {
	base := fmt.Sprintf("lab99kube%d", os.Getpid())
	if c.control, err = newRoom(base); err != nil {
		return err
	}
	control := func(args ...string) {
		if err == nil {
			err = ip(append([]string{"-n", c.control.name}, args...)...)
		}
	}
	control("link", "add", "br0", "type", "bridge")
	control("addr", "add", controlAddress+"/24", "dev", "br0")
	control("link", "set", "br0", "up")
	if err != nil {
		return err
	}
	if c.desk, err = newRoom(base + "desk"); err != nil {
		return err
	}
	control("link", "add", toDesk, "type", "veth", "peer", "name", "eth0", "netns", c.desk.name)
	control("link", "set", toDesk, "master", "br0", "up")
	if err == nil {
		err = errors.Join(ip("-n", c.desk.name, "addr", "add", deskAddress+"/24", "dev", "eth0"),
			ip("-n", c.desk.name, "link", "set", "eth0", "up"))
	}
	for i := range nodes {
		if err != nil {
			return err
		}
		n := &Node{Name: fmt.Sprintf("n%d", i+1), Address: fmt.Sprintf("10.99.0.%d", 11+i)}
		if n.room, err = newRoom(base + n.Name); err != nil {
			return err
		}
		c.Nodes = append(c.Nodes, n)
		control("link", "add", "to-"+n.Name, "type", "veth", "peer", "name", "eth0", "netns", n.room.name)
		control("link", "set", "to-"+n.Name, "master", "br0", "up")
		inside := func(args ...string) {
			if err == nil {
				err = ip(append([]string{"-n", n.room.name}, args...)...)
			}
		}
		inside("addr", "add", n.Address+"/24", "dev", "eth0")
		inside("link", "set", "eth0", "up")
		inside("route", "add", "default", "via", controlAddress)
		control("route", "add", podsOf(i), "via", n.Address)
		for j := range nodes {
			if j != i {
				inside("route", "add", podsOf(j), "via", fmt.Sprintf("10.99.0.%d", 11+j))
			}
		}
		if err == nil {
			forward := "/proc/thread-self/root/proc/sys/net/ipv4/ip_forward"
			n.room.do(func() { err = os.WriteFile(forward, []byte("1"), 0) })
		}
	}
	return err
}

// Part drops what pods of the first node send to those of the second, until join.
func (c *Cluster) Part() (join func() error, err error) {
	route := func(how ...string) error {
		return ip(append([]string{"-n", c.Nodes[0].room.name, "route", "replace"}, how...)...)
	}
	return func() error { return route(podsOf(1), "via", c.Nodes[1].Address) }, route("blackhole", podsOf(1))
}

// Cut loses all packets between commands and the cluster, as a cable does that is pulled
// somewhere on the way, until join. Nobody's link goes down.
func (c *Cluster) Cut() (join func() error, err error) {
	set := func(how ...string) error {
		return ip(append([]string{"-n", c.control.name, "link", "set", toDesk}, how...)...)
	}
	return func() error { return set("master", "br0") }, set("nomaster")
}

// hierarchies are the roots of the control groups: one of version 2, or many of version 1.
func hierarchies() []string {
	const root = "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/cgroup.controllers"); err == nil {
		return []string{root}
	}
	dirs, _ := filepath.Glob(root + "/*/cgroup.procs")
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

// makeGroups makes a node's control group in every hierarchy. One of cpuset takes no
// process before its processors are named (cgroup-v1/cpusets.rst).
func makeGroups(name string) error {
	for _, root := range hierarchies() {
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make a control group: %w", err)
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if b, err := os.ReadFile(filepath.Join(root, file)); err == nil {
				if err := os.WriteFile(filepath.Join(dir, file), b, 0); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// removeGroups removes a node's control groups, the deepest first. The kernel takes a
// moment to let one go whose processes were killed.
func removeGroups(name string) (err error) {
	for range 50 {
		err = nil
		for _, root := range hierarchies() {
			var dirs []string
			filepath.WalkDir(filepath.Join(root, name), func(path string, d os.DirEntry, _ error) error {
				if d != nil && d.IsDir() {
					dirs = append(dirs, path)
				}
				return nil
			})
			for i := len(dirs) - 1; i >= 0; i-- {
				if e := os.Remove(dirs[i]); e != nil && !os.IsNotExist(e) {
					err = e
				}
			}
		}
		if err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("remove the control groups of %s: %w", strings.TrimPrefix(name, "lab99-"), err)
}

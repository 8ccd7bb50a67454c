// Package netns runs the lab's hosts as Linux namespaces, without an engine.
//
// A lab is one child of the command, which is PID 1 of a PID namespace of its
// own, and what that child starts. For each host that is a network namespace, a
// mount namespace, an agent, and the server. The server's root file system is one
// that package image unpacked, or shows it the machine's programs. A bridge in the
// child's own network namespace joins the hosts. All of these namespaces are anonymous, so nothing on the
// machine is named, changed, mounted or left: two labs cannot meet.
//
// The child is the tether. It leaves when its control stream ends, which the
// kernel does for a command that is killed, and the kernel then kills whatever
// is left in the PID namespace. So there is nothing to sweep.
//
// Without root all of it happens in a user namespace. Only the user's own ID is
// mapped there, as root. A server that sees it is root would ask for IDs that do
// not exist. So servers get a user namespace inside it, in which the same ID is
// nobody's.
//
// Neighbours: package agent is what observes and drives inside the hosts;
// package driver/docker is the same with containers.
package netns

import "github.com/lab99/lab99/lab/driver"

// Candidate is this driver in the list of those a command may use.
var Candidate = driver.Candidate{Name: "netns", About: "Linux namespaces, no engine", Open: New}

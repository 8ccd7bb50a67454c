package netns

import (
	"errors"
	"os"
	"strings"

	"github.com/lab99/lab99/lab/driver"
)

// switches forbid namespaces at a value; distributions differ in which they have.
var switches = []struct{ name, file, forbids, cure string }{
	{"kernel.unprivileged_userns_clone", "/proc/sys/kernel/unprivileged_userns_clone", "0", "1"},
	{"kernel.apparmor_restrict_unprivileged_userns",
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "0"},
	{"user.max_user_namespaces", "/proc/sys/user/max_user_namespaces", "0", "10000"},
	{"user.max_net_namespaces", "/proc/sys/user/max_net_namespaces", "0", "10000"},
}

// forbidden says that this machine forbids the namespaces, and which switch
// is to blame where one is.
func forbidden(err error) error {
	var unfit *driver.UnfitError
	if errors.As(err, &unfit) {
		return err
	}
	what := "this machine does not let its user make namespaces"
	if os.Geteuid() == 0 {
		what = "this machine does not let root make namespaces, as in a container without privileges"
	}
	return &driver.UnfitError{What: what, Err: err, Hint: Remedy()}
}

// Remedy says what forbids a user's namespaces on this machine, where a switch
// is known to, and what would help.
func Remedy() string { return remedy(os.ReadFile, os.Geteuid() == 0) }

func remedy(read func(string) ([]byte, error), root bool) string {
	otherwise := "Run as root"
	if root {
		otherwise = "Run outside a container"
	}
	var found, known []string
	for _, s := range switches {
		known = append(known, s.name)
		if b, err := read(s.file); err == nil && strings.TrimSpace(string(b)) == s.forbids {
			found = append(found, "sysctl -w "+s.name+"="+s.cure)
		}
	}
	if len(found) > 0 {
		return otherwise + ", or let root allow it: " + strings.Join(found, "; ") + ". Or use a container " +
			"engine, with --driver docker."
	}
	return otherwise + ", or look at " + strings.Join(known, ", ") +
		", which forbid it on some distributions, and at a container's seccomp profile. " +
		"Or use a container engine, with --driver docker."
}

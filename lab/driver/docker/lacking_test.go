package docker

import (
	"errors"
	"testing"

	"github.com/lab99/lab99/lab/driver"
)

// TestLackingSysctlIsFoundInTheEnginesWords: of what runc and crun say, and of
// nothing else.
func TestLackingSysctlIsFoundInTheEnginesWords(t *testing.T) {
	asked := map[string]string{"net.ipv4.tcp_tw_reuse": "1", "net.ipv4.tcp_tw_reuse_delay": "100"}
	for text, want := range map[string]string{
		"Error response from daemon: OCI runtime create failed: container_linux.go:380: " +
			"starting container process caused: process_linux.go:545: container init caused: " +
			"open /proc/sys/net/ipv4/tcp_tw_reuse_delay: no such file or directory: unknown": "net.ipv4.tcp_tw_reuse_delay",
		"crun: open `/proc/sys/net/ipv4/tcp_tw_reuse_delay`: No such file or directory: " +
			"OCI runtime attempted to invoke a command that was not found": "net.ipv4.tcp_tw_reuse_delay",
		"open /proc/sys/net/ipv4/tcp_tw_reuse: no such file or directory":               "net.ipv4.tcp_tw_reuse",
		"exec: \"/usr/sbin/nginx\": stat /usr/sbin/nginx: no such file or directory":    "",
		"write /proc/sys/net/ipv4/tcp_tw_reuse_delay: invalid argument":                 "",
		"open /proc/sys/net/ipv4/tcp_tw_reuse_delays: no such file or directory":        "",
		"open /proc/sys/net/ipv4/conf/eth9/rp_filter: no such file or directory: oh no": "",
	} {
		unfit := &driver.UnfitError{What: "the engine could not start it", Err: errors.New(text)}
		err := lackingSysctl(unfit, asked)
		lacking := new(driver.LackingError)
		if got := errors.As(err, &lacking); got != (want != "") || got && lacking.Sysctl != want {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if !errors.As(err, new(*driver.UnfitError)) {
			t.Errorf("%q: no UnfitError any more: %v", text, err)
		}
	}
	if err := lackingSysctl(nil, asked); err != nil {
		t.Error(err)
	}
}

package kubernetes

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lab99/lab99/lab/driver"
)

// TestRefusals: what a cluster says of a pod that will not run, in its own words, and what
// to do about it. The statuses are those that Kubernetes 1.37 gave.
func TestRefusals(t *testing.T) {
	waiting := func(reason, message string) corev1.PodStatus {
		return corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{
			Name: "server-proxy", Image: "nginx:1.30",
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
		}}}
	}
	for name, c := range map[string]struct {
		status corev1.PodStatus
		want   []string // "": there is hope
	}{
		"starting": {waiting("ContainerCreating", ""), nil},
		"waiting":  {waiting("PodInitializing", ""), nil},
		"no image": {
			waiting("ErrImageNeverPull", `Container image "lab99/agent:1" is not present`),
			[]string{"is not present", "lab99 kubernetes image"},
		},
		"no pull": {
			waiting("ErrImagePull", "no route to host"),
			[]string{"nginx:1.30", "no route to host", "--images local"},
		},
		"no command": {waiting("RunContainerError", "exec: no such file"), []string{"exec: no such file"}},
		"sysctl": {corev1.PodStatus{Phase: corev1.PodFailed, Reason: "SysctlForbidden",
			Message: `Pod was rejected: forbidden sysctl: "net.ipv4.tcp_max_tw_buckets" not allowlisted`},
			[]string{"not allowlisted", "--allowed-unsafe-sysctls=net.ipv4.tcp_max_tw_buckets", "cluster's owner"}},
		"no such sysctl": {corev1.PodStatus{Phase: corev1.PodFailed, InitContainerStatuses: []corev1.ContainerStatus{{
			Name: "sysctls", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 70, Reason: "Error",
				Message: "lab99 agent: set net.ipv4.new, which this kernel may not have in a namespace: " +
					"no such file or directory\n"}},
		}}}, []string{"container sysctls of pod p ended with exit code 70", "the kernel has no net.ipv4.new"}},
		"evicted": {corev1.PodStatus{
			Phase:   corev1.PodFailed,
			Reason:  "Evicted",
			Message: "The node was low on resource: memory.",
		},
			[]string{"Evicted", "low on resource"}},
		"deadline": {corev1.PodStatus{
			Phase:   corev1.PodFailed,
			Reason:  "DeadlineExceeded",
			Message: "Pod was active too long",
		},
			[]string{"DeadlineExceeded"}},
	} {
		l := newLab(nil, nil)
		err := l.hopeless("proxy", &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Status: c.status})
		if c.want == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.As(err, new(*driver.UnfitError)) {
			t.Errorf("%s: %v is no UnfitError", name, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not say %q", name, err, w)
			}
		}
		if lacking := new(driver.LackingError); errors.As(err, &lacking) != strings.HasSuffix(name, "sysctl") {
			t.Errorf("%s: a sysctl is lacking: %v", name, lacking.Sysctl)
		}
	}
}

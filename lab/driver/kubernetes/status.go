package kubernetes

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lab99/lab99/lab/driver"
)

func status(all []corev1.ContainerStatus, name string) corev1.ContainerState {
	for _, s := range all {
		if s.Name == name {
			return s.State
		}
	}
	return corev1.ContainerState{}
}

func running(all []corev1.ContainerStatus, name string) bool { return status(all, name).Running != nil }
func terminated(all []corev1.ContainerStatus, name string) bool {
	return status(all, name).Terminated != nil
}
func started(all []corev1.ContainerStatus, name string) bool {
	return running(all, name) || terminated(all, name)
}

// never are the reasons for which a container waits that no waiting will end.
var never = map[string]string{
	"ErrImageNeverPull": "`lab99 kubernetes image` writes the image as an archive: put it onto the nodes, " +
		"or into a registry with --push, which --registry names.",
	"InvalidImageName":           "",
	"CreateContainerConfigError": "",
	"CreateContainerError":       "",
	"RunContainerError":          "",
}

// pulls are those that a registry may mend, and seldom does.
var pulls = map[string]bool{"ErrImagePull": true, "ImagePullBackOff": true}

// hopeless says why a pod will not become what it was made for; nil while it may.
func (l *lab) hopeless(host string, p *corev1.Pod) error {
	if l.gone[host] {
		return &driver.UnfitError{What: fmt.Sprintf("somebody deleted pod %s while the lab came up", p.Name)}
	}
	if since, waits := l.full[host]; waits && time.Since(since) >= roomWithin {
		return noRoom(p)
	}
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		w := s.State.Waiting
		if w == nil {
			continue
		}
		hint, ok := never[w.Reason]
		if !ok && !pulls[w.Reason] {
			continue
		}
		if pulls[w.Reason] {
			hint = "Can the nodes reach that registry, and is the image there? " +
				"`lab99 kubernetes image --push` puts the lab's own into one; --images local, without --registry, " +
				"takes those that are put onto the nodes."
		}
		return &driver.UnfitError{
			What: fmt.Sprintf("the cluster cannot start container %s of pod %s (image %s)", s.Name, p.Name, s.Image),
			Err:  fmt.Errorf("%s: %s", w.Reason, w.Message),
			Hint: hint,
		}
	}
	if p.Status.Phase != corev1.PodFailed {
		return nil
	}
	for _, s := range p.Status.ContainerStatuses {
		if strings.HasPrefix(s.Name, serverOf) && s.State.Terminated != nil {
			return nil // it is reported as a server that has ended
		}
	}
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if end := s.State.Terminated; end != nil && end.ExitCode != 0 {
			return ended(s.Name, p.Name, end)
		}
	}
	e := &driver.UnfitError{
		What: fmt.Sprintf("the cluster refused pod %s", p.Name),
		Err:  fmt.Errorf("%s: %s", p.Status.Reason, p.Status.Message),
	}
	if m := forbidden.FindStringSubmatch(p.Status.Message); p.Status.Reason == "SysctlForbidden" && m != nil {
		e.Err = &driver.LackingError{
			Sysctl: m[1],
			Err:    fmt.Errorf("%w: %s", errSysctlForbidden, p.Status.Message),
			Why: fmt.Sprintf("the node's kubelet forbids pods to set %s, "+
				"which it allows with --allowed-unsafe-sysctls=%[1]s",
				m[1]),
		}
		e.Hint = "Ask the cluster's owner for it, or choose nodes that have it with --nodes."
	}
	return e
}

// ended says how a container ended that should not have.
func ended(container, pod string, end *corev1.ContainerStateTerminated) error {
	e := &driver.UnfitError{
		What: fmt.Sprintf("container %s of pod %s ended with exit code %d", container, pod, end.ExitCode),
		Err:  errors.New(strings.TrimSpace(end.Reason + ": " + end.Message)),
	}
	if m := unknownSysctl.FindStringSubmatch(end.Message); m != nil {
		e.Err = &driver.LackingError{Sysctl: m[1], Err: e.Err}
	}
	return e
}

// unknownSysctl finds the sysctl that probe.SetSysctl did not find.
var unknownSysctl = regexp.MustCompile(`set (net\.\S+), which this kernel may not have`)

// errSysctlForbidden is a kubelet's reason.
var errSysctlForbidden = errors.New("SysctlForbidden")

// forbidden finds the sysctl in a kubelet's refusal.
var forbidden = regexp.MustCompile(`forbidden sysctl: "([^"]+)"`)

// waitingFor says what a pod has not come to.
func waitingFor(p *corev1.Pod) error {
	if p == nil {
		return errors.New("it was not made")
	}
	for _, c := range p.Status.Conditions {
		if c.Status == corev1.ConditionFalse && c.Message != "" {
			return fmt.Errorf("%s: %s", c.Reason, c.Message)
		}
	}
	if p.Spec.NodeName != "" && p.Status.StartTime == nil {
		return fmt.Errorf("node %s says nothing of it: is the node alive?", p.Spec.NodeName)
	}
	return fmt.Errorf("its phase is %s", p.Status.Phase)
}

package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
)

// unfit blames the cluster, unless somebody called the whole thing off. The error says
// what to ask the cluster's owner for.
func unfit(ctx context.Context, what string, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errSlow) {
		slow := *errSlow
		slow.Err = err
		return &slow
	} else if cause != nil {
		return fmt.Errorf("%s: %w", what, cause)
	}
	e := &driver.UnfitError{What: "the cluster could not " + what, Err: err}
	text := err.Error()
	for _, r := range refusals {
		if m := r.says.FindStringSubmatch(text); m != nil {
			r.mean(e, m)
			return e
		}
	}
	switch {
	case apierrors.IsForbidden(err):
		e.Hint = "Ask the cluster's owner for the rights that docs/kubernetes.md lists, or for another namespace."
	case apierrors.IsNotFound(err):
		e.Hint = "Does the namespace exist? `kubectl get namespaces` lists them, --namespace names one."
	}
	return e
}

var (
	forbiddenSysctl = regexp.MustCompile(`violates PodSecurity "([^"]+)": forbidden sysctls \(([^,)]+)[^)]*\)$`)
	noDefaults      = regexp.MustCompile(`failed quota|must specify|(minimum|maximum) .* usage per`)
)

// refusals are what an API server does not take, by its words: the first that is said
// holds. Its codes tell less: a policy's is 400, 403 or 422.
var refusals = []struct {
	says *regexp.Regexp
	mean func(e *driver.UnfitError, m []string)
}{
	{forbiddenSysctl, func(e *driver.UnfitError, m []string) {
		e.Err = &driver.LackingError{
			Sysctl: m[2],
			Err:    e.Err,
			Why:    fmt.Sprintf("the namespace's Pod Security level, %s, forbids pods to set %s", m[1], m[2]),
		}
		e.Hint = askPrivileged
	}},
	{regexp.MustCompile(`violates PodSecurity`), func(e *driver.UnfitError, _ []string) {
		e.Hint = "Run it with --overlay=false, which Pod Security restricted allows. " + askPrivileged
	}},
	{regexp.MustCompile(`exceeded quota`), func(e *driver.UnfitError, _ []string) {
		e.Hint = "Ask the cluster's owner for a larger ResourceQuota: " +
			"a lab is a Job and three pods at a time, with --parallel 1."
	}},
	{noDefaults, func(e *driver.UnfitError, _ []string) {
		e.Hint = "The lab's pods request nothing, and limits would spoil the figures. " +
			"Ask the cluster's owner for a LimitRange with defaults, or for a namespace without such a quota."
	}},
	{regexp.MustCompile(`being terminated`), func(e *driver.UnfitError, _ []string) {
		e.Hint = "The namespace is being deleted: name another with --namespace."
	}},
	{regexp.MustCompile(`admission webhook|ValidatingAdmissionPolicy`), func(e *driver.UnfitError, _ []string) {
		e.Hint = "A policy of the cluster refuses it. Show the cluster's owner what it says, " +
			"and ask for an exception or another namespace."
	}},
}

const askPrivileged = "Ask the cluster's owner for a namespace with the label " +
	"pod-security.kubernetes.io/enforce=privileged."

// newNamespace bounds how long a namespace may lack its default service account, without
// which no pod is taken. It gets one a moment after it was made.
const newNamespace = 5 * time.Second

// admit has the API server judge pods before anything is made: Pod Security, quotas and
// the cluster's own policies refuse one at once, and not when the Job's controller makes it,
// who tells events and nobody else.
func (d *Driver) admit(ctx context.Context, pods ...*corev1.Pod) error {
	began := time.Now()
	g, gctx := errgroup.WithContext(ctx)
	for _, p := range pods {
		g.Go(func() error {
			for {
				err := d.tryPod(gctx, p)
				if err == nil || !strings.Contains(err.Error(), "error looking up service account") ||
					time.Since(began) > newNamespace {
					return err
				}
				select {
				case <-gctx.Done():
					return context.Cause(gctx)
				case <-time.After(200 * time.Millisecond):
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return unfit(ctx, "take the lab's pods", err)
	}
	return nil
}

// tryPod tries whether the API server would take a pod. Where a webhook has effects of its
// own it does not try, and one learns when the pod is made.
func (d *Driver) tryPod(ctx context.Context, p *corev1.Pod) error {
	err := d.api.tryPod(ctx, p)
	if err != nil && strings.Contains(err.Error(), "does not support dry run") {
		return nil
	}
	return err
}

// podEvery is how often it is asked why a Job has no pod yet.
const podEvery = time.Second

// explainMissing has the waiting end, with the reason, where the Job's controller cannot
// make its pod: a quota that had room for it may have none by now.
func (l *lab) explainMissing(ctx context.Context, host string, p *corev1.Pod) {
	crash.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(podEvery):
			}
			l.mu.Lock()
			made := l.pods[host] != nil
			l.mu.Unlock()
			if made {
				return
			}
			if err := l.d.tryPod(ctx, p); errors.As(err, new(*apierrors.StatusError)) {
				l.mu.Lock()
				l.refused[host] = unfit(ctx, "make the pod of host "+host, err)
				l.changed.Broadcast()
				l.mu.Unlock()
				return
			}
		}
	})
}

// roomWithin is how long a pod may wait for room on a node: that of the lab before it is
// free in a moment.
const roomWithin = 3 * time.Second

// noRoom says why no node takes a pod.
func noRoom(p *corev1.Pod) error {
	for _, c := range p.Status.Conditions {
		refused := c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse
		if !refused || c.Reason != corev1.PodReasonUnschedulable {
			continue
		}
		hint := "Ask the cluster's owner for room: a lab is three pods, with --parallel 1 one lab at a time."
		switch {
		case strings.Contains(c.Message, "untolerated taint"):
			hint = "The lab's pods tolerate no taint: ask the cluster's owner for nodes without."
		case strings.Contains(c.Message, "node affinity/selector"):
			hint = "Is there a Linux node of that name, and with this program's processor? " +
				"`kubectl get nodes --show-labels` tells, --nodes names them."
		}
		return &driver.UnfitError{
			What: fmt.Sprintf("no node takes pod %s", p.Name),
			Err:  errors.New(c.Message),
			Hint: hint,
		}
	}
	return nil
}

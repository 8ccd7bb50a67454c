package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lab99/lab99/lab/driver"
)

// goneWithin is how long a sweep waits for pods that were told to go. A cluster that is
// well takes a fraction of a second.
const goneWithin = 3 * time.Second

// Sweep removes what a cluster has not removed by itself: it does so when a Job is
// finished, unless its controllers, or the node of the load host, are dead. Pods are
// deleted as well as the Job that owns them, as they would go after it by a controller. A
// Job without pods is not looked for: it has an end when its controller is back.
func (d *Driver) Sweep(ctx context.Context, reach driver.Reach) (driver.Swept, error) {
	s := sweep{d: d, reach: reach, kept: map[string]bool{}}
	left, err := s.pods(ctx)
	if err != nil {
		return driver.Swept{}, unfit(ctx, "list the pods of earlier labs", err)
	}
	jobs := map[string]bool{}
	for _, p := range left {
		for _, o := range p.OwnerReferences {
			if !jobs[o.Name] {
				jobs[o.Name] = true
				s.remove("Job", o.Name, p, d.api.deleteJob(ctx, o.Name))
			}
		}
	}
	for _, p := range left {
		s.remove("pod", p.Name, p, d.api.deletePod(ctx, p.Name))
	}
	for began := time.Now(); len(left) > 0 && time.Since(began) < goneWithin; {
		time.Sleep(50 * time.Millisecond)
		if left, err = s.pods(ctx); err != nil {
			return driver.Swept{}, unfit(ctx, "list the pods of earlier labs", err)
		}
	}
	var swept driver.Swept
	swept.Removed = slices.DeleteFunc(s.removed, func(what string) bool {
		return slices.ContainsFunc(left, func(p metav1.ObjectMeta) bool { return what == named("pod", p.Name, p) })
	})
	for _, p := range left {
		swept.Kept = append(swept.Kept, named("pod", p.Name, p)+": it is deleted, "+
			"and the cluster lets it go when its controllers run again")
	}
	for _, run := range slices.Sorted(maps.Keys(s.kept)) {
		swept.Kept = append(swept.Kept, "run "+run+": its command is still running")
	}
	return swept, errors.Join(s.errs...)
}

// sweep is one under way.
type sweep struct {
	d       *Driver
	reach   driver.Reach
	removed []string
	kept    map[string]bool // runs
	errs    []error
}

func named(kind, name string, of metav1.ObjectMeta) string {
	return fmt.Sprintf("%s %s (run %s)", kind, name, of.Annotations[noteRun])
}

// pods are those of dead labs that are still there.
func (s *sweep) pods(ctx context.Context) (left []metav1.ObjectMeta, err error) {
	list, err := s.d.api.pods(ctx, labelName+"="+appName)
	for _, p := range list.Items {
		if s.dead(p.ObjectMeta) {
			left = append(left, p.ObjectMeta)
		}
	}
	return left, err
}

func (s *sweep) dead(m metav1.ObjectMeta) bool {
	if s.reach == driver.Everything || !lives(m) {
		return true
	}
	s.kept[m.Annotations[noteRun]] = true
	return false
}

func (s *sweep) remove(kind, name string, of metav1.ObjectMeta, err error) {
	switch {
	case ignoreGone(err) != nil:
		s.errs = append(s.errs, fmt.Errorf("remove %s %s: %w", kind, name, err))
	case err == nil:
		s.removed = append(s.removed, named(kind, name, of))
	}
}

// lives says whether the command that made an object lives. One of another machine cannot
// be looked for: it lives for as long as a lab may take.
func lives(m metav1.ObjectMeta) bool {
	alive, known := driver.OwnerLives(m.Annotations[noteOwner])
	if !known {
		return time.Since(m.CreationTimestamp.Time) < time.Duration(deadlineS)*time.Second
	}
	return alive
}

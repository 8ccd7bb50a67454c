package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/lab99/lab99/lab/crash"
)

// Down ends the agents and deletes the Job and the pods. What else there is goes after the
// Job.
func (l *lab) Down(ctx context.Context) error {
	l.once.Do(func() { l.downErr = l.down(ctx) })
	return l.downErr
}

func (l *lab) down(ctx context.Context) error {
	l.mu.Lock()
	l.closing = true
	inputs, job := l.inputs, l.job
	agents := l.agents
	l.mu.Unlock()
	for _, in := range inputs {
		in.Close()
	}
	var errs []error
	if job != "" {
		errs = append(errs, ignoreGone(l.d.api.deleteJob(ctx, job)))
		for _, host := range l.podHosts() {
			errs = append(errs, ignoreGone(l.d.api.deletePod(ctx, l.podName(host))))
		}
		errs = append(errs, l.waitUntilGone(ctx))
	}
	l.end()
	for _, a := range agents { // no record is taken from here on
		select {
		case <-a.Done():
		case <-ctx.Done():
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("take the lab's pods away: %w. Its agents leave when they have heard nothing for %v, "+
			"and the cluster removes the rest; `lab99 clean --driver kubernetes` removes what it then still has",
			err, silence)
	}
	return nil
}

// askEvery is how often the API is asked for pods whose end the watch has not told. One that
// broke off and began anew tells what there is, and not what has gone meanwhile.
const askEvery = time.Second

func (l *lab) waitUntilGone(ctx context.Context) error {
	asking, over := context.WithCancel(ctx)
	defer over()
	crash.Go(func() { l.askForEnds(asking) })
	defer l.wakeAtEnd(ctx)()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		left := l.left()
		switch {
		case len(left) == 0:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s still there: %w", strings.Join(slices.Sorted(maps.Values(left)), " and "), ctx.Err())
		}
		l.changed.Wait()
	}
}

// left are the pods that nobody has seen go, by host. l.mu is held.
func (l *lab) left() map[string]string {
	left := map[string]string{}
	for host, p := range l.pods {
		if !l.gone[host] {
			left[host] = "pod " + p.Name
		}
	}
	return left
}

// askForEnds asks by deleting once more, which takes no right that a lab has not: what is
// gone is not found.
func (l *lab) askForEnds(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(askEvery):
		}
		l.mu.Lock()
		left := l.left()
		l.mu.Unlock()
		for host := range left {
			if apierrors.IsNotFound(l.d.api.deletePod(ctx, l.podName(host))) {
				l.mu.Lock()
				l.gone[host] = true
				l.changed.Broadcast()
				l.mu.Unlock()
			}
		}
	}
}

func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/ability/trial"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/results"
)

var _ driver.Trier = (*Driver)(nil)

const (
	abilitiesHost    = "abilities"
	abilitiesTimeout = time.Minute
)

// safeSysctls are those of a lab that every kubelet lets a pod set.
var safeSysctls = map[string]bool{"net.ipv4.ip_local_port_range": true}

// Abilities tries what the kernel of a node can do, in a pod without privileges: of the
// node that the scheduler chooses for it, or of the proxy's where it is named. Whether the
// lab's nodes have that kernel is seen when it is up (Place). What needs an unsafe sysctl
// stays unknown where the kubelet allows none.
func (d *Driver) Abilities(ctx context.Context, _ bool) (ability.Found, error) {
	f, kernel, err := d.try(ctx, d.o.Nodes[results.HostProxy])
	if err == nil {
		d.tried.Store(kernel, f)
		d.first.Store(&kernel)
	}
	return f, err
}

// abilitiesOf are those of a node's kernel where it is another than that of Abilities; nil:
// it is the same, or is not to be found out.
func (d *Driver) abilitiesOf(ctx context.Context, node, kernel string) *ability.Found {
	if first := d.first.Load(); first == nil || *first == kernel || kernel == "" {
		return nil
	}
	if f, ok := d.tried.Load(kernel); ok {
		return new(f.(ability.Found))
	}
	f, _, err := d.try(ctx, node)
	if err != nil {
		f = ability.Nothing(err.Error())
	}
	d.tried.Store(kernel, f)
	return &f
}

// try tries them on a node, "" for any.
func (d *Driver) try(ctx context.Context, node string) (f ability.Found, kernel string, err error) {
	ctx, cancel := context.WithTimeout(ctx, abilitiesTimeout)
	defer cancel()
	out, err := d.tryInPod(ctx, node, trial.Preset())
	if errors.As(err, new(*driver.LackingError)) {
		safe := trial.Preset()
		maps.DeleteFunc(safe, func(name, _ string) bool { return !safeSysctls[name] })
		out, err = d.tryInPod(ctx, node, safe)
	}
	if err != nil {
		return f, "", err
	}
	f, kernel, err = trial.InContainer(out)
	if err != nil {
		err = fmt.Errorf("try what the nodes' kernel can do: %w: %s", err, bytes.TrimSpace(out))
	}
	return f, kernel, err
}

// tryInPod returns what the trial prints.
func (d *Driver) tryInPod(ctx context.Context, node string, sysctls map[string]string) (out []byte, err error) {
	b := &builder{d: d, spec: driver.Spec{Run: fmt.Sprintf("abilities-%d-%x", os.Getpid(), time.Now().UnixNano())}}
	b.lab = labOf(b.spec)
	if b.agentImage, err = d.agentImage(ctx); err != nil {
		return nil, err
	}
	l := newLab(d, b)
	l.has(abilitiesHost, abilitiesHost, "")
	defer func() {
		dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		err = errors.Join(err, l.Down(dctx))
	}()
	made := b.abilitiesJob(node, sysctls)
	if err := d.admit(ctx, b.podOf(made)); err != nil {
		return nil, err
	}
	if err := l.watch(ctx); err != nil {
		return nil, unfit(ctx, "watch a pod", err)
	}
	job, err := d.api.createJob(ctx, made)
	if err != nil {
		return nil, unfit(ctx, "make a Job", err)
	}
	l.madeJob(job.Name)
	wctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.explainMissing(wctx, abilitiesHost, b.podOf(made))
	p, err := l.waitFor(ctx, abilitiesHost, func(p *corev1.Pod) bool {
		return terminated(p.Status.ContainerStatuses, abilitiesHost)
	})
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = d.api.follow(ctx, p.Name, abilitiesHost, &text)
	return text.Bytes(), err
}

// abilitiesJob runs the trial as the first process of a pod, which is what it asks for.
func (b *builder) abilitiesJob(node string, sysctls map[string]string) *batchv1.Job {
	none, deadline := int32(0), int64(abilitiesTimeout.Seconds())
	until := int32(20) // what it printed is read before
	meta := b.meta(abilitiesHost)
	c := corev1.Container{
		Name: abilitiesHost, Image: In(b.d.o.Registry, b.agentImage), ImagePullPolicy: b.d.pullPolicy(b.agentImage),
		Command: []string{image.AgentProgram, "abilities", "--json", "--in-place"}, SecurityContext: b.confined(nil),
	}
	spec := b.podSpec(abilitiesHost, sysctls, c)
	if node != "" {
		spec.NodeSelector[corev1.LabelHostname] = node
	}
	spec.InitContainers, spec.Volumes, spec.ShareProcessNamespace = nil, nil, nil
	return &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{
		BackoffLimit: &none, ActiveDeadlineSeconds: &deadline, TTLSecondsAfterFinished: &until,
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: meta.Labels, Annotations: meta.Annotations}, Spec: spec,
		},
	}}
}

// Package kubernetes runs the lab's hosts as pods of a cluster, so that load, proxy and
// backend are on different machines if there are any.
//
// A lab is a Job, whose pod is the load host, and a pod each for proxy and backend: a
// server and a probe that share network and process namespaces. Everything else refers to
// the Job as its owner. When the command ends, even by SIGKILL, the load host's standard
// input ends, the agent leaves, the Job is finished, and with ttlSecondsAfterFinished 0
// the cluster removes it and all that it owns. Where nothing tells of the command's end, it
// leaves when it has heard nothing for a while; and there is a deadline.
//
// The pods have a network of the lab's own between them, VXLAN over their pod addresses:
// any number of sources and backends at fixed addresses, whatever the cluster's network
// is. An init container makes it, and is told the peers' addresses by attaching to it; the
// servers start when it has ended, so nothing of theirs has to wait. That takes the
// capability NET_ADMIN, of the pod's own network namespace only. Where it is not to be had,
// the hosts have the pods' own addresses, one each, and what needs more is skipped by name.
// Which of the two is asked for, and never a fallback: it decides what a run shows.
//
// The servers' files come by the init container too, as an address in them is known only
// when the pods are there.
//
// All talk goes through attached streams of the API server: nothing is published, and the
// pods get no token of the API. client-go's clientset would double the binary; its rest
// package with the few types that are used does not.
package kubernetes

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
)

// Options say which cluster, and where in it.
type Options struct {
	Context   string            // of the kubeconfig; "": the current one
	Namespace string            // "": the context's
	Nodes     map[string]string // a node's name by host; of hosts that are not named the scheduler decides
	Registry  string            // a repository that Store.Push filled; "": the lab's own images are on the nodes
	Overlay   bool              // the pods get a network of the lab's own, with NET_ADMIN
	Config    *rest.Config      // instead of a kubeconfig
}

// Driver is a connection to a cluster.
type Driver struct {
	o       Options
	api     *api
	images  *Store
	machine driver.Machine
	force   atomic.Bool       // a lab came up by setting sysctls that kubelets forbid (Up)
	cni     map[string]string // by node, where it is known

	first atomic.Pointer[string] // the kernel of Abilities
	tried sync.Map               // ability.Found by kernel
}

var _ driver.Driver = (*Driver)(nil)

// Candidate is this driver in the list of those a command may use. It is taken only when
// it is asked for: a cluster is other people's.
var Candidate = candidate(new(Options))

func candidate(o *Options) driver.Candidate {
	return driver.Candidate{
		Name: "kubernetes", About: "pods of a cluster, only when asked for", Asked: true,
		Flags: func(fs *pflag.FlagSet) {
			fs.StringVar(&o.Context, "context", "",
				"with --driver kubernetes: a `context` of the kubeconfig (default the current one)")
			fs.StringVar(&o.Namespace, "namespace", "",
				"with --driver kubernetes: the `namespace` for the pods (default the context's)")
			fs.StringToStringVar(&o.Nodes, "nodes", nil,
				"with --driver kubernetes: the `host=node` of load, proxy and backend "+
					"(default: the scheduler keeps them apart)")
			fs.Lookup("nodes").DefValue = "" // help would say (default [])
			fs.StringVar(&o.Registry, "registry", "",
				"with --driver kubernetes: the `repository` that lab99 kubernetes image --push filled")
			fs.BoolVar(&o.Overlay, "overlay", true,
				"with --driver kubernetes: a network of the lab's own between the pods; "+
					"--overlay=false: one address for each host, and no capability")
		},
		Open: func(ctx context.Context) (driver.Driver, error) {
			d, err := New(ctx, *o)
			if err != nil {
				return nil, err // not a nil *Driver, which is no nil Driver
			}
			return d, nil
		},
	}
}

const answerTimeout = 10 * time.Second

// New connects to the cluster. The error is a *driver.UnfitError.
func New(ctx context.Context, o Options) (*Driver, error) {
	klog.SetLogger(logr.Discard()) // it would write between the progress bars
	config := o.Config
	if config == nil {
		loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(),
			&clientcmd.ConfigOverrides{CurrentContext: o.Context})
		var err error
		if config, err = loader.ClientConfig(); err != nil {
			return nil, &driver.UnfitError{
				What:  "no cluster is configured",
				Err:   err,
				Asked: true,
				Hint: "Point KUBECONFIG at one, or name a context of it with --context; " +
					"`kubectl config get-contexts` lists them.",
			}
		}
		if o.Namespace == "" {
			if o.Namespace, _, err = loader.Namespace(); err != nil {
				return nil, &driver.UnfitError{
					What: "the kubeconfig names no namespace",
					Err:  err,
					Hint: "Name one with --namespace.",
				}
			}
		}
	}
	if o.Namespace == "" {
		o.Namespace = metav1.NamespaceDefault
	}
	a, err := newAPI(config, o.Namespace)
	if err != nil {
		return nil, &driver.UnfitError{What: "the kubeconfig cannot be used", Err: err, Asked: true}
	}
	d := &Driver{o: o, api: a}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var v version.Info
	if err := a.version(ctx, &v); err != nil {
		return nil, &driver.UnfitError{
			What:  "the cluster at " + config.Host + " does not answer",
			Err:   err,
			Asked: true,
			Hint:  "`kubectl get --raw /version` should answer at once.",
		}
	}
	d.machine, err = d.look(ctx)
	d.machine.Engine = "Kubernetes " + v.GitVersion
	if err != nil {
		return nil, err
	}
	if err := d.mayAll(ctx); err != nil {
		return nil, err
	}
	d.images = &Store{GOARCH: d.machine.Arch}
	return d, nil
}

// look describes the nodes by the smallest of them, of those with this machine's processor
// where there are any: the pods get no others. Nodes are the cluster's, which many users
// may not list: then this machine's architecture is assumed, and two processors.
func (d *Driver) look(ctx context.Context) (driver.Machine, error) {
	m := driver.Machine{Arch: runtime.GOARCH, CPUs: 2, Apart: true, Pods: true, Clocks: true}
	var nodes corev1.NodeList
	err := d.api.core.Get().Resource("nodes").Do(ctx).Into(&nodes)
	switch {
	case apierrors.IsForbidden(err):
		return m, nil
	case err != nil:
		return m, &driver.UnfitError{What: "the cluster does not list its nodes", Err: err}
	case len(nodes.Items) == 0:
		return m, &driver.UnfitError{What: "the cluster has no nodes"}
	}
	arch := func(n corev1.Node) string { return n.Status.NodeInfo.Architecture }
	if !slices.ContainsFunc(nodes.Items, func(n corev1.Node) bool { return arch(n) == m.Arch }) {
		m.Arch = arch(nodes.Items[0])
	}
	m.CPUs, m.MemoryMiB = 1<<20, 1<<40
	d.cni = map[string]string{}
	for _, n := range nodes.Items {
		d.cni[n.Name] = cniOf(n)
		if arch(n) != m.Arch {
			continue
		}
		m.Kernel = n.Status.NodeInfo.KernelVersion
		m.CPUs = min(m.CPUs, int(n.Status.Allocatable.Cpu().Value()))
		m.MemoryMiB = min(m.MemoryMiB, int(n.Status.Allocatable.Memory().Value()>>20))
	}
	return m, nil
}

// Name is the word for this driver on the command line.
func (d *Driver) Name() string { return "kubernetes" }

// Describe names the cluster and the namespace.
func (d *Driver) Describe() string {
	where := fmt.Sprintf("%s, namespace %s", d.machine.Engine, d.o.Namespace)
	if !d.o.Overlay {
		where += ", with the pods' own addresses"
	}
	return where
}

// Machine describes the cluster's nodes.
func (d *Driver) Machine() driver.Machine { return d.machine }

// agentImage is the image of the agents.
func (d *Driver) agentImage(ctx context.Context) (string, error) {
	img, err := d.images.Agent(ctx)
	return img.Used, err
}

// Prepare makes the image of a server in the store, or leaves it to the nodes to pull.
func (d *Driver) Prepare(
	ctx context.Context, role image.Role, ref string, mode image.Mode, say func(string),
) (image.Image, error) {
	return image.Resolve(ctx, d.images, role, ref, mode, say)
}

// Find looks for the image of a server in the store.
func (d *Driver) Find(ctx context.Context, role image.Role, ref string) (image.Image, error) {
	img, ok, err := image.Find(ctx, d.images, role, ref, image.Auto)
	if err == nil && !ok {
		err = image.NotInEngine(ctx, ref)
	}
	return img, err
}

package kubernetes

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// Variables for the test in a cluster of the user's, kind or k3s for instance: its
// kubeconfig, and the command that puts an archive, its last argument, onto the nodes,
// such as `kind load image-archive` or `k3s ctr images import`.
const (
	ownConfig = "LAB99_KUBECONFIG"
	ownLoad   = "LAB99_KUBELOAD"
)

// TestOwnCluster runs the main scenario in a cluster of the user's, and kills it there.
func TestOwnCluster(t *testing.T) {
	config, load := os.Getenv(ownConfig), strings.Fields(os.Getenv(ownLoad))
	if config == "" || len(load) == 0 {
		t.Skip(ownConfig + " and " + ownLoad + " name a cluster of yours, and what puts images onto its nodes")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{kubeconfig: config, program: build(t), home: "XDG_CACHE_HOME=" + cache}
	for _, archive := range c.images(t) {
		if out, err := exec.Command(load[0], append(load[1:], archive)...).CombinedOutput(); err != nil {
			t.Fatalf("%v %s: %v: %s", load, archive, err, out)
		}
	}
	t.Run("reproduce", func(t *testing.T) { reproduces(t, c) })
	t.Run("kill -9", func(t *testing.T) { killed(t, c) })
}

// leftInOwn are the objects of labs in the namespace of the user's context.
func (c *cluster) leftInOwn(t *testing.T) (all []string) {
	t.Helper()
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: c.kubeconfig}, new(clientcmd.ConfigOverrides))
	config, err := loader.ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		t.Fatal(err)
	}
	a, err := newAPI(config, namespace)
	if err != nil {
		t.Fatal(err)
	}
	const of = labelName + "=" + appName
	pods, err := a.pods(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pods.Items {
		all = append(all, p.Name)
	}
	var jobs batchv1.JobList
	if err := a.batch.Get().Namespace(namespace).Resource("jobs").
		VersionedParams(&metav1.ListOptions{LabelSelector: of}, parameters).Do(t.Context()).Into(&jobs); err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs.Items {
		all = append(all, j.Name)
	}
	return all
}

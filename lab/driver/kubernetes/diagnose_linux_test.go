package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lab99/lab99/internal/kubecluster"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/results"
)

// seen is what a diagnosis of a node says of the lab's proxy there.
type seen struct {
	Ports bool // how many there are
	Nginx bool // and how nginx is configured
}

// diagnosed looks at the node of a lab's proxy, under load, from pods: as `kubectl debug node/…`
// makes them by its profiles, and with the least that sees all.
func diagnosed(t *testing.T, c *kubecluster.Cluster) {
	var pods corev1.PodList
	if err := c.Get(t.Context(), pathOfPods, &pods); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(pods.Items, func(p corev1.Pod) bool { return p.Labels[labelHost] == results.HostProxy })
	if i < 0 {
		t.Fatal("there is no proxy")
	}
	proxy, yes := pods.Items[i].Spec, true
	agent := proxy.InitContainers[0].Image
	all := []corev1.Capability{"SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"}
	confined := func(add ...corev1.Capability) *corev1.SecurityContext {
		return &corev1.SecurityContext{
			Capabilities:           &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: add},
			SeccompProfile:         &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			ReadOnlyRootFilesystem: &yes,
		}
	}
	cases := map[string]struct {
		rights *corev1.SecurityContext
		want   seen
	}{
		"sysadmin": {&corev1.SecurityContext{Privileged: &yes}, seen{true, true}},
		"general":  {nil, seen{Nginx: true}},
		"least":    {confined(all...), seen{true, true}},
		"nothing":  {confined(), seen{}},
	}
	for name, x := range cases {
		pod := corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "diagnose-" + name},
			Spec: corev1.PodSpec{
				NodeName: proxy.NodeName, HostNetwork: true, HostPID: true, RestartPolicy: corev1.RestartPolicyNever,
				Containers: []corev1.Container{{Name: "debugger", Image: agent, ImagePullPolicy: corev1.PullIfNotPresent,
					Command: []string{image.AgentProgram, "diagnose", "--json"}, SecurityContext: x.rights}},
				Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			},
		}
		if err := c.Create(t.Context(), pathOfPods, pod); err != nil {
			t.Fatal(err)
		}
	}
	for name, x := range cases {
		if saw, text := sawOf(t, c, "diagnose-"+name); saw != x.want {
			t.Errorf("%s sees %+v, want %+v: %s", name, saw, x.want, text)
		}
	}
}

const pathOfPods = "/api/v1/namespaces/default/pods"

// sawOf reads what a pod has printed when it ends.
func sawOf(t *testing.T, c *kubecluster.Cluster, name string) (saw seen, text string) {
	var pod corev1.Pod
	for end := time.Now().Add(30 * time.Second); pod.Status.Phase != corev1.PodSucceeded &&
		pod.Status.Phase != corev1.PodFailed; {
		if time.Now().After(end) {
			t.Fatalf("pod %s does not end: %+v", name, pod.Status)
		}
		time.Sleep(100 * time.Millisecond)
		if err := c.Get(t.Context(), pathOfPods+"/"+name, &pod); err != nil {
			t.Fatal(err)
		}
	}
	var report struct {
		Namespaces []struct {
			Ports  *struct{ Usable int }
			Tuples []struct{ Destination string }
		}
		Findings []struct{ ID, Text string }
		Unseen   []string
	}
	if err := c.Get(t.Context(), pathOfPods+"/"+name+"/log", &report); err != nil {
		t.Fatalf("%s: %v: %+v", name, err, pod.Status)
	}
	for _, n := range report.Namespaces {
		if len(n.Tuples) > 0 && strings.HasSuffix(n.Tuples[0].Destination, ":8080") {
			saw.Ports = n.Ports != nil && n.Ports.Usable == 500
		}
	}
	for _, f := range report.Findings {
		saw.Nginx = saw.Nginx || f.ID == "nginx-config" && strings.HasPrefix(f.Text, "nginx ")
	}
	return saw, fmt.Sprintf("%+v", report)
}

package kubernetes

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/verdict"
)

// object is one of the API, for what the driver has no type of.
type object = map[string]any

// refuses has a cluster refuse labs for every reason that it has, each at once, with exit
// code 3 and with what to ask its owner for.
func refuses(t *testing.T, c *cluster) {
	make := func(t *testing.T, path string, o object) {
		t.Helper()
		if err := c.Create(t.Context(), path, o); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		prepare func(t *testing.T, c *cluster, namespace string) (args []string)
		want    []string
	}{
		"no rights": {
			want: []string{
				"create, list, watch and delete pods; create and get pods/attach",
				"create and delete jobs; create services",
				"in namespace no-rights",
				"lab99 kubernetes manifest --namespace no-rights",
			},
		},
		"a right is lacking": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				path := "/apis/rbac.authorization.k8s.io/v1/namespaces/" + ns + "/roles/lab99"
				if err := c.Merge(t.Context(), path, `{"rules": [
					{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]},
					{"apiGroups": [""], "resources": ["services"], "verbs": ["*"]},
					{"apiGroups": [""], "resources": ["pods", "pods/exec", "pods/log"], "verbs": ["*"]}]}`); err != nil {
					t.Fatal(err)
				}
				return nil
			},
			[]string{"you may not create and get pods/attach in namespace"},
		},
		"Pod Security": {
			func(t *testing.T, c *cluster, ns string) []string {
				enforce(t, c, ns, "restricted")
				grant(t, c, ns)
				return nil
			},
			[]string{
				`violates PodSecurity "restricted`, "NET_ADMIN", "--overlay=false",
				"pod-security.kubernetes.io/enforce=privileged",
			},
		},
		"policy, and a sysctl": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				const path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
				make(t, path+"ies", object{"metadata": object{"name": "no-privileges"}, "spec": object{
					"matchConstraints": object{"resourceRules": []object{{"apiGroups": []string{""}, "apiVersions": []string{"v1"},
						"operations": []string{"CREATE"}, "resources": []string{"pods"}}}},
					"validations": []object{{"message": "nobody is privileged",
						"expression": "!object.spec.initContainers.exists(c, has(c.securityContext.privileged) && " +
							"c.securityContext.privileged)"}}}})
				make(t, path+"ybindings", object{"metadata": object{"name": "no-privileges"}, "spec": object{
					"policyName": "no-privileges", "validationActions": []string{"Deny"},
					"matchResources": object{"namespaceSelector": object{"matchLabels": object{"kubernetes.io/metadata.name": ns}}}}})
				return []string{"--set", "proxy.sysctls.net.ipv4.tcp_retries2=14"}
			},
			[]string{`forbidden sysctl: "net.ipv4.tcp_retries2"`, "--allowed-unsafe-sysctls=net.ipv4.tcp_retries2"},
		},
		"quota": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				make(t, "/api/v1/namespaces/"+ns+"/resourcequotas", object{
					"metadata": object{"name": "small"},
					"spec":     object{"hard": object{"pods": "2"}},
				})
				return nil
			},
			[]string{"exceeded quota: small", "ResourceQuota", "three pods"},
		},
		"quota of limits": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				make(t, "/api/v1/namespaces/"+ns+"/resourcequotas",
					object{"metadata": object{"name": "cpus"}, "spec": object{"hard": object{"limits.cpu": "10"}}})
				return nil
			},
			[]string{"failed quota: cpus", "must specify limits.cpu", "LimitRange"},
		},
		"no room": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				make(t, "/api/v1/namespaces/"+ns+"/limitranges", object{
					"metadata": object{"name": "huge"},
					"spec": object{"limits": []object{
						{"type": "Container", "defaultRequest": object{"cpu": "900"}}}},
				})
				return nil
			},
			[]string{"no node takes pod", "Insufficient cpu", "Ask the cluster's owner for room"},
		},
		"taints": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				for _, n := range c.Nodes {
					taint(t, c, n.Name, `[{"key": "dedicated", "value": "database", "effect": "NoSchedule"}]`)
					t.Cleanup(func() { taint(t, c, n.Name, "null") })
				}
				return nil
			},
			[]string{"no node takes pod", "untolerated taint", "tolerate no taint"},
		},
		"no way": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				join, err := c.Part()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := join(); err != nil {
						t.Error(err)
					}
				})
				return []string{"--nodes", "load=n1,proxy=n2,backend=n2"}
			},
			[]string{"packets between the pods get lost", "NetworkPolicy", "UDP port 4790", "app.kubernetes.io/name=lab99"},
		},
		"no such node": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				return []string{"--nodes", "load=nowhere"}
			},
			[]string{"no node takes pod", "kubectl get nodes --show-labels"},
		},
		"no namespace": {
			func(_ *testing.T, c *cluster, _ string) []string {
				c.who = "admin" // who would have every right in it
				return []string{"--namespace", "nowhere"}
			},
			[]string{`namespaces "nowhere" not found`, "kubectl get namespaces"},
		},
		"no registry": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				return []string{"--registry", "127.0.0.1:1/team"}
			},
			[]string{"127.0.0.1:1/team/agent:", "ErrImagePull", "connection refused", "lab99 kubernetes image --push"},
		},
		"no image": {
			func(t *testing.T, c *cluster, ns string) []string {
				grant(t, c, ns)
				b := filetest.Read(t, c.program)
				other := filepath.Join(t.TempDir(), "lab99")
				if err := os.WriteFile(other, append(b, '\n'), 0o755); err != nil {
					t.Fatal(err)
				}
				c.program = other // whose image no node has
				return nil
			},
			[]string{"cannot start container", "lab99/agent:", "ErrImageNeverPull", "lab99 kubernetes image"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "taints" && name != "no way" { // which are everybody's
				t.Parallel()
			}
			c := *c
			ns := strings.NewReplacer(" ", "-", ",", "").Replace(strings.ToLower(name))
			make(t, "/api/v1/namespaces", object{"metadata": object{"name": ns}})
			args := []string{"--namespace", ns}
			if tc.prepare != nil {
				args = append(args, tc.prepare(t, &c, ns)...)
			}
			began := time.Now()
			out, err := c.run(t, "port-exhaustion", t.TempDir(), args...).CombinedOutput()
			took := time.Since(began)
			t.Logf("after %v: %s", took.Round(10*time.Millisecond), out)
			if code := exitCode(err); code != verdict.ExitUnfit {
				t.Errorf("exit code %d, want %d", code, verdict.ExitUnfit)
			}
			for _, w := range tc.want {
				if !strings.Contains(string(out), w) {
					t.Errorf("it does not say %q", w)
				}
			}
			if took > 15*time.Second { // upTimeout is minutes
				t.Errorf("refused after %v", took)
			}
		})
	}
}

// enforce has a namespace enforce a level of Pod Security.
func enforce(t *testing.T, c *cluster, namespace, level string) {
	t.Helper()
	change := `{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "` + level + `"}}}`
	if err := c.Merge(t.Context(), "/api/v1/namespaces/"+namespace, change); err != nil {
		t.Fatal(err)
	}
}

// taint gives a node taints.
func taint(t *testing.T, c *cluster, node, taints string) {
	t.Helper()
	// Not t.Context(): it is over in a test's clean-up.
	if err := c.Merge(context.Background(), "/api/v1/nodes/"+node, `{"spec": {"taints": `+taints+`}}`); err != nil {
		t.Fatal(err)
	}
}

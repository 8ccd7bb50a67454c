package kubernetes

import (
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/kubecluster"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/results"
)

// TestCluster brings a cluster up once and runs everything that wants one.
func TestCluster(t *testing.T) {
	c := withImages(t)
	t.Run("refusals", func(t *testing.T) { refuses(t, c) })
	grant(t, c, "default")
	t.Run("reproduce", func(t *testing.T) { reproduces(t, c) })
	t.Run("service", func(t *testing.T) { aServiceIsOneDestination(t, c) })
	t.Run("deaf", func(t *testing.T) { seesEndsWithoutAWatch(t, c) })
	t.Run("restricted", func(t *testing.T) { restricted(t, c) })
	t.Run("forced sysctl", func(t *testing.T) { forced(t, c) })
	t.Run("kill -9", func(t *testing.T) { killed(t, c) })
	t.Run("kill -9 of an agent", func(t *testing.T) { agentKilled(t, c) })
	t.Run("kill -9 of a kubelet", func(t *testing.T) { kubeletKilled(t, c) })
	t.Run("cut for seconds", func(t *testing.T) { cutForSeconds(t, c) })
	t.Run("cut for good", func(t *testing.T) { cutForGood(t, c) })
	t.Run("dead controllers", func(t *testing.T) { clean(t, c) })
	c.repository = serveRegistry(t, c)
	t.Run("registry", func(t *testing.T) { pulled(t, c) })
	t.Run("dead node", func(t *testing.T) { nodeKilled(t, c) }) // the last: there is one less now
}

// cluster is one whose nodes have the images of the main scenario, and the program.
type cluster struct {
	*kubecluster.Cluster          // nil: it is the user's
	kubeconfig           string   // of the user's
	repository           string   // that the nodes pull from
	who                  string   // runs labs, in the other
	within               []string // begins its command line
	program              string
	home                 string // of the program's cache, as a variable of the environment
}

// proxyModes are those of the nodes' kube-proxies, which need not have one mode.
var proxyModes = []string{"iptables", "nftables"}

// user has no rights but those that he is granted.
const user = "sre"

// withImages brings a cluster up. The images are made where packages can be fetched, and
// that is not in the cluster.
func withImages(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{who: user, home: "XDG_CACHE_HOME=" + ownCache(t)}
	c.Cluster = kubecluster.Start(t, kubecluster.Options{
		AllowSysctls: []string{"net.ipv4.tcp_tw_reuse", "net.core.somaxconn"},
		Users:        []string{user},
		ProxyModes:   proxyModes,
	})
	c.program = build(t)
	for _, archive := range c.images(t) {
		if err := c.Import(t.Context(), archive); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// ownCache is a cache with no archive of an image in it. What they are made of is the user's,
// so that no package is fetched twice.
func ownCache(t *testing.T) string {
	t.Helper()
	packages, err := image.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "cache")
	err = errors.Join(os.MkdirAll(packages, 0o755), os.MkdirAll(filepath.Join(dir, "lab99"), 0o755),
		os.Symlink(packages, filepath.Join(dir, "lab99", filepath.Base(packages))))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// images makes those of the main scenario as archives.
func (c *cluster) images(t *testing.T) []string {
	t.Helper()
	images := exec.Command(c.program, "kubernetes", "image")
	images.Env, images.Stderr = append(os.Environ(), c.home), os.Stderr
	out, err := images.Output()
	if err != nil {
		t.Fatalf("kubernetes image: %v", err)
	}
	return strings.Fields(string(out))
}

// command is one of the program's.
func (c *cluster) command(t *testing.T, args ...string) *exec.Cmd {
	argv := slices.Concat(c.within, []string{c.program}, args)
	if c.Cluster == nil {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig, c.home)
		return cmd
	}
	cmd := c.CommandOf(t.Context(), c.who, argv...)
	cmd.Env = append(cmd.Env, c.home)
	return cmd
}

// run is the quick run of a scenario.
func (c *cluster) run(t *testing.T, scenario, runs string, args ...string) *exec.Cmd {
	return c.command(t, append([]string{"run", scenario, "--size", "quick", "--driver", "kubernetes", "--images", "local",
		"--registry", c.repository, "--parallel", "1", "--out", runs}, args...)...)
}

// reproduces holds the main scenario against its laws, as on every other driver. Of so
// few ports it takes half the time of the quick size.
func reproduces(t *testing.T, c *cluster) {
	s := verdicts(t, c, map[string]string{
		"baseline":  "reproduced",
		"keepalive": "mitigated",
		"tw-reuse":  "mitigated",
		"multi-ip":  "postponed",
	},
		"--set", "size.ports=250", "--set", "size.duration=5s", "--set", "load.stop.after_error_99=1s")
	for _, v := range s.Summary.Variants {
		t.Logf("%s: up in %.1f s, down in %.1f s", v.Name, *v.Timing.UpS, *v.Timing.DownS)
	}
}

// restricted: where Pod Security gives neither NET_ADMIN nor root nor an unsafe sysctl, the
// same laws hold of what can be run, and the rest is skipped by name.
func restricted(t *testing.T, c *cluster) {
	if err := c.Create(t.Context(), "/api/v1/namespaces", object{"metadata": object{"name": "restricted"}}); err != nil {
		t.Fatal(err)
	}
	enforce(t, c, "restricted", "restricted")
	grant(t, c, "restricted")
	s := verdicts(t, c, map[string]string{
		"baseline":  "reproduced",
		"keepalive": "mitigated",
	}, "--namespace", "restricted", "--overlay=false",
		"--set", "size.duration=5s", "--set", "load.stop.after_error_99=1s")
	why := map[string]string{"tw-reuse": "Pod Security level, restricted:latest, " +
		"forbids pods to set net.ipv4.tcp_tw_reuse", "multi-ip": "several addresses"}
	for _, v := range s.Summary.Skipped {
		if !strings.Contains(v.Why, why[v.Name]) {
			t.Errorf("%s is skipped: %s; want %q", v.Name, v.Why, why[v.Name])
		}
		delete(why, v.Name)
	}
	if len(why) > 0 {
		t.Errorf("not skipped: %v", why)
	}
}

// forced: a sysctl that no kubelet here allows is set by a privileged container, where the
// namespace admits one, and is read back.
func forced(t *testing.T, c *cluster) {
	runs := t.TempDir()
	out, _ := c.run(t, one, runs, "--set", "proxy.sysctls.net.ipv4.tcp_retries2=14").CombinedOutput()
	var env results.Env
	read(t, filepath.Join(runs, "latest", results.EnvFile), &env)
	if len(env.Variants) != 1 || env.Variants[0].Hosts[results.HostProxy].Sysctls["net.ipv4.tcp_retries2"] != "14" {
		t.Errorf("it is not set: %+v\n%s", env.Variants, out)
	}
	nothingLeft(t, c, 10*time.Second)
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	b := filetest.Read(t, path)
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// asked is what a registry was asked for.
var asked locked

// serveRegistry serves a registry at the loopback address of everybody, where the runtime
// needs no certificate, and says which repository is there.
func serveRegistry(t *testing.T, c *cluster) (repository string) {
	listeners, err := c.Listen(5000)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: registry.New(registry.Logger(log.New(&asked, "", 0)))}
	for _, l := range listeners {
		go server.Serve(l)
	}
	t.Cleanup(func() { server.Close() })
	return "127.0.0.1:5000/team/lab99"
}

// pulled has the nodes pull all images from a registry that the program has pushed them to.
// What runs after it has to do so too: containerd 1.6 forgets the name that an image was
// imported under when the same comes under another.
func pulled(t *testing.T, c *cluster) {
	out, err := c.command(t, "kubernetes", "image", "--push", c.repository).Output()
	if err != nil {
		t.Fatalf("push: %v: %s", err, out)
	}
	refs := strings.Fields(string(out))
	if len(refs) != 3 || !strings.HasPrefix(refs[0], c.repository+"/agent:") {
		t.Fatalf("pushed: %v", refs)
	}
	pushed := len(asked.String())
	runs := t.TempDir()
	text, _ := c.run(t, one, runs, "--images", "registry",
		"--set", "proxy.image="+refs[1], "--set", "backend.image="+refs[2]).CombinedOutput()
	var s results.Summary
	read(t, filepath.Join(runs, "latest", results.SummaryFile), &s)
	if len(s.Variants) != 1 || s.Variants[0].FirstError == nil {
		t.Errorf("%s", text)
	}
	for _, ref := range refs {
		repo, _, _ := strings.Cut(strings.TrimPrefix(ref, "127.0.0.1:5000/"), ":")
		if !strings.Contains(asked.String()[pushed:], "GET /v2/"+repo+"/") {
			t.Errorf("no node pulled %s", ref)
		}
	}
	nothingLeft(t, c, 10*time.Second)
}

// verdicts holds what came of the main scenario's variants against what should.
func verdicts(t *testing.T, c *cluster, want map[string]string, args ...string) *results.Run {
	t.Helper()
	runs := t.TempDir()
	cmd := c.run(t, "port-exhaustion", runs, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	nothingLeft(t, c, 10*time.Second)
	return hasVerdicts(t, runs, want)
}

// hasVerdicts holds the latest run against the verdicts that its variants are to have.
func hasVerdicts(t *testing.T, runs string, want map[string]string) *results.Run {
	t.Helper()
	r, err := results.Open(filepath.Join(runs, "latest"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Summary.Variants {
		if string(v.Verdict) != want[v.Name] {
			t.Errorf("%s is %s, want %s", v.Name, v.Verdict, want[v.Name])
		}
		delete(want, v.Name)
	}
	if len(want) > 0 {
		t.Errorf("%v were not run", want)
	}
	knowsClocks(t, r, 3)
	return r
}

// left are the objects of labs, in all namespaces of the test's cluster.
func (c *cluster) left(t *testing.T) (all []string) {
	t.Helper()
	if c.Cluster == nil {
		return c.leftInOwn(t)
	}
	for _, path := range []string{"/api/v1/pods", "/api/v1/services", "/apis/batch/v1/jobs"} {
		names, err := c.List(t.Context(), path+"?labelSelector=app.kubernetes.io%2Fname%3Dlab99")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, names...)
	}
	return all
}

// nothingLeft waits until the cluster has nothing of a lab's.
func nothingLeft(t *testing.T, c *cluster, within time.Duration) {
	t.Helper()
	began := time.Now()
	for left := c.left(t); len(left) > 0; left = c.left(t) {
		if time.Since(began) > within {
			t.Fatalf("after %v there are still %v", within, left)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("nothing left after %v", time.Since(began).Round(10*time.Millisecond))
}

func exitCode(err error) int {
	if e := new(exec.ExitError); errors.As(err, &e) {
		return e.ExitCode()
	}
	return 0
}

// build makes the static program, which is also what the pods' agents run.
func build(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "lab99")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", path,
		"github.com/lab99/lab99/lab/cmd/lab99")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// grant gives the user in a namespace what the manifest says, and no more. The API server
// takes it in a dry run first, as for review.
func grant(t *testing.T, c *cluster, namespace string) {
	t.Helper()
	var text strings.Builder
	if err := WriteManifest(&text, namespace, user); err != nil {
		t.Fatal(err)
	}
	for i, document := range strings.Split(text.String(), "---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		kind := []string{"roles", "rolebindings"}[i]
		path := "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace + "/" + kind
		for _, how := range []string{"?dryRun=All&fieldValidation=Strict", ""} {
			if err := c.Create(t.Context(), path+how, object); err != nil {
				t.Fatal(err)
			}
		}
	}
}

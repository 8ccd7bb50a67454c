package kubernetes

import (
	"fmt"
	"hash/fnv"
	"maps"
	"path"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/results"
)

// Labels and annotations on everything that a lab makes. Those of Kubernetes' own words
// let other tools tell what it is.
const (
	labelName    = "app.kubernetes.io/name"
	labelLab     = "lab99.org/lab"  // which lab, the same for all that it is made of
	labelHost    = "lab99.org/host" // load, proxy, backend, and load-2, backend-2, …
	labelRole    = "lab99.org/role" // the same without the number
	noteRun      = "lab99.org/run"
	noteVariant  = "lab99.org/variant"
	noteOwner    = "lab99.org/owner" // the command, in the words of driver.Owner
	appName      = "lab99"
	agentOf      = "agent-" // a container's name: that of an agent, by its host
	serverOf     = "server-"
	firstName    = "first"     // the init container
	deadlineS    = int64(3600) // no variant takes as long
	runVolume    = "run-lab"
	filesVolume  = "files"
	filesDir     = "/files"   // where agents see it
	networksFile = "networks" // in it: what agents may load
)

// names of a lab's objects: short, as a run's own may be longer than the 63 characters
// that a label has.
func labOf(spec driver.Spec) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s", spec.Run, spec.Variant)
	return fmt.Sprintf("%016x", h.Sum64())
}

func (b *builder) name(host string) string { return "lab99-" + b.lab + "-" + host }

// meta is that of an object of a host.
func (b *builder) meta(host string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: b.name(host), Namespace: b.d.o.Namespace,
		Labels:      map[string]string{labelName: appName, labelLab: b.lab, labelHost: host, labelRole: roleOf(host)},
		Annotations: map[string]string{noteRun: b.spec.Run, noteVariant: b.spec.Variant, noteOwner: driver.Owner()},
	}
}

// owner is the Job, of all else.
func (b *builder) owner() []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: b.job.Name, UID: b.job.UID}}
}

// loadJob is the load host, and the owner of everything else.
func (b *builder) loadJob() *batchv1.Job {
	none, deadline := int32(0), deadlineS
	meta := b.meta(results.HostLoad)
	return &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{
		BackoffLimit: &none, ActiveDeadlineSeconds: &deadline, TTLSecondsAfterFinished: &none,
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: meta.Labels, Annotations: meta.Annotations},
			Spec:       b.podSpec(results.HostLoad, nil, b.agent(results.HostLoad, nil)),
		},
	}}
}

// podOf is the pod that a Job will make.
func (b *builder) podOf(j *batchv1.Job) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: j.ObjectMeta, Spec: j.Spec.Template.Spec}
}

// morePod is that of a further load host.
func (b *builder) morePod(host string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: b.meta(host), Spec: b.podSpec(host, nil, b.agent(host, nil))}
}

// pod is that of proxy or backend: its servers, and a probe for each.
func (b *builder) pod(host string, servers map[string]driver.Server) *corev1.Pod {
	var all []corev1.Container
	sysctls := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		s := servers[name]
		all = append(all, b.server(name, s), b.agent(name, s.Capabilities))
		maps.Copy(sysctls, s.Sysctls)
		for _, key := range s.Default { // which few clusters allow to set
			delete(sysctls, key)
		}
	}
	spec := b.podSpec(host, sysctls, all...)
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: runVolume, VolumeSource: inMemory("512Mi")})
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		for _, dir := range writable(servers[name]) {
			v := writableVolume(name, dir)
			spec.Volumes = append(spec.Volumes, corev1.Volume{Name: v, VolumeSource: inMemory("128Mi")})
		}
	}
	return &corev1.Pod{ObjectMeta: b.meta(host), Spec: spec}
}

// podSpec is what all three pods have in common.
func (b *builder) podSpec(host string, sysctls map[string]string, containers ...corev1.Container) corev1.PodSpec {
	yes, no, now := true, false, int64(0)
	deadline := deadlineS
	spec := corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyNever, ActiveDeadlineSeconds: &deadline, TerminationGracePeriodSeconds: &now,
		AutomountServiceAccountToken: &no, EnableServiceLinks: &no, ShareProcessNamespace: &yes,
		DNSPolicy:      corev1.DNSDefault, // no name is looked up, and a cluster need not have a DNS
		InitContainers: []corev1.Container{b.first()},
		Containers:     containers,
		Volumes:        []corev1.Volume{{Name: filesVolume, VolumeSource: inMemory("64Mi")}},
		SecurityContext: &corev1.PodSecurityContext{
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Affinity: &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
				Weight: 100, PodAffinityTerm: corev1.PodAffinityTerm{
					LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{labelLab: b.lab}},
					TopologyKey:   corev1.LabelHostname,
				}}},
		}},
	}
	spec.NodeSelector = map[string]string{corev1.LabelOSStable: "linux", corev1.LabelArchStable: b.d.machine.Arch}
	if node := b.d.o.Nodes[host]; node != "" {
		spec.NodeSelector[corev1.LabelHostname] = node
	}
	var forced []string
	for _, name := range slices.Sorted(maps.Keys(sysctls)) {
		if b.force && !safeSysctls[name] {
			forced = append(forced, "--sysctl", name+"="+sysctls[name])
			continue
		}
		spec.SecurityContext.Sysctls = append(spec.SecurityContext.Sysctls, corev1.Sysctl{
			Name:  name,
			Value: sysctls[name],
		})
	}
	if forced != nil {
		spec.InitContainers = slices.Insert(spec.InitContainers, 0, b.forcing(forced))
	}
	return spec
}

// forcing is an init container that sets sysctls which the kubelet does not, and ends: it
// has no input. Only a privileged one may write /proc/sys, that of the pod.
func (b *builder) forcing(flags []string) corev1.Container {
	c := b.agentContainer("sysctls", nil, flags...)
	yes, root := true, int64(0)
	c.Stdin, c.StdinOnce, c.VolumeMounts = false, false, nil
	c.SecurityContext = &corev1.SecurityContext{Privileged: &yes, RunAsUser: &root, ReadOnlyRootFilesystem: &yes}
	return c
}

// first is the init container, which is told where the pods are, and makes what the others
// find when they start: the lab's network, and files.
func (b *builder) first() corev1.Container { return b.agentContainer(firstName, []string{"NET_ADMIN"}) }

// agent is that of a host. To look into a server's /proc it needs what the server has.
func (b *builder) agent(host string, capabilities []string) corev1.Container {
	return b.agentContainer(agentOf+host, capabilities, "--networks", filesDir+"/"+networksFile)
}

func (b *builder) agentContainer(name string, capabilities []string, flags ...string) corev1.Container {
	return corev1.Container{
		Name: name, Image: In(b.d.o.Registry, b.agentImage), ImagePullPolicy: b.d.pullPolicy(b.agentImage),
		Command: append([]string{image.AgentProgram, "agent", "--silence", silence.String()}, flags...),
		Stdin:   true, StdinOnce: true, SecurityContext: b.confined(capabilities),
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError, // the status then says why
		VolumeMounts:             []corev1.VolumeMount{{Name: filesVolume, MountPath: filesDir}},
	}
}

func (b *builder) server(host string, s driver.Server) corev1.Container {
	if s.Agent {
		s.Image, s.Command = b.agentImage, append([]string{image.AgentProgram}, s.Command...)
	}
	c := corev1.Container{
		Name: serverOf + host, Image: In(b.d.o.Registry, s.Image), ImagePullPolicy: b.d.pullPolicy(s.Image),
		Command: s.Command, SecurityContext: b.confined(s.Capabilities),
		VolumeMounts: []corev1.VolumeMount{{Name: runVolume, MountPath: driver.RunDir}},
	}
	for _, dir := range writable(s) {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: writableVolume(host, dir), MountPath: dir})
	}
	for i, f := range s.Files {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{
			Name: filesVolume, MountPath: path.Clean(f.Path), SubPath: fileName(host, i), ReadOnly: true})
	}
	return c
}

// fileName is that of a server's file among those of the pod.
func fileName(host string, i int) string { return fmt.Sprintf("%s-%d", host, i) }

// nobody runs what may not be root. A memory volume is everybody's to write in.
const nobody = int64(65534)

// confined takes from a container all capabilities but those given by name. Without a
// network to make it takes these as well, and root: Pod Security restricted allows
// neither, and a server that is not root does without.
func (b *builder) confined(capabilities []string) *corev1.SecurityContext {
	yes, no, user := true, false, int64(0)
	s := &corev1.SecurityContext{
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, RunAsUser: &user,
	}
	if !b.d.o.Overlay {
		user = nobody
		s.RunAsNonRoot, s.RunAsGroup = &yes, &user
		return s
	}
	for _, c := range capabilities {
		s.Capabilities.Add = append(s.Capabilities.Add, corev1.Capability(c))
	}
	return s
}

// writable are the directories of a server that are in memory, besides driver.RunDir.
func writable(s driver.Server) []string {
	all := slices.Concat([]string{"/run", "/tmp"}, s.Writable, s.Executable)
	slices.Sort(all)
	return slices.Compact(all)
}

func writableVolume(host, dir string) string {
	return "tmp-" + host + strings.ToLower(strings.NewReplacer("/", "-", ".", "-", "_", "-").Replace(dir))
}

func inMemory(most string) corev1.VolumeSource {
	size := resource.MustParse(most)
	return corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
		Medium:    corev1.StorageMediumMemory,
		SizeLimit: &size,
	}}
}

// pullPolicy never looks for an image of the lab's own in a registry that cannot have it.
func (d *Driver) pullPolicy(ref string) corev1.PullPolicy {
	if d.o.Registry == "" && strings.HasPrefix(ref, own) {
		return corev1.PullNever
	}
	return corev1.PullIfNotPresent
}

package kubernetes

import (
	"context"
	"encoding/json"
	"io"

	authorizationv1 "k8s.io/api/authorization/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
)

// types are those that a lab is made of.
var types = func() *runtime.Scheme {
	s := runtime.NewScheme()
	metav1.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"})
	utilruntime.Must(corev1.AddToScheme(s))
	utilruntime.Must(batchv1.AddToScheme(s))
	utilruntime.Must(authorizationv1.AddToScheme(s))
	return s
}()

var parameters = runtime.NewParameterCodec(types)

// api is what is asked of the API server, in one namespace.
type api struct {
	config            *rest.Config
	core, batch, auth *rest.RESTClient
	namespace         string
}

func newAPI(config *rest.Config, namespace string) (*api, error) {
	config = rest.CopyConfig(config)
	config.NegotiatedSerializer = serializer.NewCodecFactory(types).WithoutConversion()
	config.QPS, config.Burst = 100, 200 // a lab is some thirty requests, once
	a := &api{config: config, namespace: namespace}
	var err error
	if a.core, err = a.client("/api", corev1.SchemeGroupVersion); err != nil {
		return nil, err
	}
	if a.batch, err = a.client("/apis", batchv1.SchemeGroupVersion); err != nil {
		return nil, err
	}
	a.auth, err = a.client("/apis", authorizationv1.SchemeGroupVersion)
	return a, err
}

func (a *api) client(path string, v schema.GroupVersion) (*rest.RESTClient, error) {
	c := rest.CopyConfig(a.config)
	c.APIPath, c.GroupVersion = path, &v
	return rest.RESTClientFor(c)
}

func (a *api) version(ctx context.Context, into any) error {
	b, err := a.core.Get().AbsPath("/version").DoRaw(ctx)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// may asks whether the user may do something.
func (a *api) may(ctx context.Context, what *authorizationv1.ResourceAttributes) (bool, error) {
	spec := authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: what}
	review := &authorizationv1.SelfSubjectAccessReview{Spec: spec}
	err := a.auth.Post().Resource("selfsubjectaccessreviews").Body(review).Do(ctx).Into(review)
	return review.Status.Allowed, err
}

func (a *api) createJob(ctx context.Context, j *batchv1.Job) (*batchv1.Job, error) {
	made := new(batchv1.Job)
	err := a.batch.Post().Namespace(a.namespace).Resource("jobs").Body(j).Do(ctx).Into(made)
	return made, err
}

func (a *api) createPod(ctx context.Context, p *corev1.Pod) error {
	return a.core.Post().Namespace(a.namespace).Resource("pods").Body(p).Do(ctx).Error()
}

// tryPod has the API server say whether it would take a pod, and makes none.
func (a *api) tryPod(ctx context.Context, p *corev1.Pod) error {
	return a.core.Post().Namespace(a.namespace).Resource("pods").
		VersionedParams(&metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}, parameters).Body(p).Do(ctx).Error()
}

func (a *api) createService(ctx context.Context, s *corev1.Service) (*corev1.Service, error) {
	made := new(corev1.Service)
	err := a.core.Post().Namespace(a.namespace).Resource("services").Body(s).Do(ctx).Into(made)
	return made, err
}

func (a *api) pods(ctx context.Context, selector string) (list corev1.PodList, err error) {
	err = a.core.Get().Namespace(a.namespace).Resource("pods").
		VersionedParams(&metav1.ListOptions{LabelSelector: selector}, parameters).Do(ctx).Into(&list)
	return list, err
}

// watchPods watches what became of a list of pods.
func (a *api) watchPods(ctx context.Context, selector string, list corev1.PodList) (watch.Interface, error) {
	return a.core.Get().Namespace(a.namespace).Resource("pods").
		VersionedParams(&metav1.ListOptions{
			LabelSelector:   selector,
			ResourceVersion: list.ResourceVersion,
			Watch:           true,
		}, parameters).Watch(ctx)
}

// deleteJob deletes a Job; what it owns goes after it.
func (a *api) deleteJob(ctx context.Context, name string) error {
	after := metav1.DeletePropagationBackground
	return a.batch.Delete().Namespace(a.namespace).Resource("jobs").Name(name).
		Body(&metav1.DeleteOptions{PropagationPolicy: &after}).Do(ctx).Error()
}

// deletePod deletes a pod at once: nothing in it has anything to save.
func (a *api) deletePod(ctx context.Context, name string) error {
	return a.core.Delete().Namespace(a.namespace).Resource("pods").Name(name).
		Body(metav1.NewDeleteOptions(0)).Do(ctx).Error()
}

// attach connects to the first process of a container until ctx or the process ends.
func (a *api) attach(ctx context.Context, pod, container string, in io.Reader, out, complaints io.Writer) error {
	req := a.core.Get().Namespace(a.namespace).Resource("pods").Name(pod).SubResource("attach").
		VersionedParams(&corev1.PodAttachOptions{
			Container: container,
			Stdin:     in != nil,
			Stdout:    true,
			Stderr:    true,
		}, parameters)
	return a.stream(ctx, req, in, out, complaints)
}

// exec runs a program in a container.
func (a *api) exec(ctx context.Context, pod, container string, argv []string, out io.Writer) error {
	req := a.core.Get().Namespace(a.namespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: container,
			Command:   argv,
			Stdout:    true,
			Stderr:    true,
		}, parameters)
	return a.stream(ctx, req, nil, out, out)
}

func (a *api) stream(ctx context.Context, req *rest.Request, in io.Reader, out, complaints io.Writer) error {
	e, err := remotecommand.NewWebSocketExecutor(a.config, "GET", req.URL().String())
	if err != nil {
		return err
	}
	return e.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in, Stdout: out, Stderr: complaints})
}

// follow copies what a container has printed, and goes on until it ends.
func (a *api) follow(ctx context.Context, pod, container string, to io.Writer) error {
	r, err := a.core.Get().Namespace(a.namespace).Resource("pods").Name(pod).SubResource("log").
		VersionedParams(&corev1.PodLogOptions{Container: container, Follow: true}, parameters).Stream(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(to, r)
	return err
}

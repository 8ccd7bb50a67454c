package kubernetes

import (
	"context"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/driver"
)

// rights are all that a lab asks of the API server, in its one namespace: twelve verbs and
// nothing of the cluster's. Attaching over a WebSocket is a GET, which newer API servers
// want the right to create for as well.
var rights = []struct{ group, resource, verbs string }{
	{"", "pods", "create, list, watch, delete"},
	{"", "pods/attach", "create, get"},
	{"", "pods/exec", "create, get"},
	{"", "pods/log", "get"},
	{"batch", "jobs", "create, delete"},
	{"", "services", "create"}, // of the scenario kubernetes-service
}

// mayAll asks the API server which of the rights the user has: one that is lacking would
// show in the middle of a run otherwise. The error is a *driver.UnfitError and names all
// that are lacking. Every user may ask; where the answer is none, a run will tell.
func (d *Driver) mayAll(ctx context.Context) error {
	lacking := make([][]string, len(rights))
	var g errgroup.Group
	for i, r := range rights {
		g.Go(func() error {
			for verb := range strings.SplitSeq(r.verbs, ", ") {
				resource, sub, _ := strings.Cut(r.resource, "/")
				may, err := d.api.may(ctx, &authorizationv1.ResourceAttributes{
					Namespace: d.o.Namespace, Verb: verb, Group: r.group, Resource: resource, Subresource: sub})
				if err == nil && !may {
					lacking[i] = append(lacking[i], verb)
				}
			}
			return nil
		})
	}
	g.Wait()
	var all []string
	for i, verbs := range lacking {
		if len(verbs) > 0 {
			all = append(all, format.List(verbs)+" "+rights[i].resource)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &driver.UnfitError{
		What: fmt.Sprintf("you may not %s in namespace %s", strings.Join(all, "; "), d.o.Namespace),
		Hint: fmt.Sprintf("Ask the cluster's owner for the rights: "+
			"`lab99 kubernetes manifest --namespace %s --user YOU` prints them as a Role.", d.o.Namespace),
	}
}

// WriteManifest writes what a cluster's owner applies so that a user may run labs in a
// namespace. Listing nodes is not among it: without, the lab counts on two processors.
func WriteManifest(w io.Writer, namespace, user string) error {
	var b strings.Builder
	fmt.Fprintf(&b, `# What lab99 --driver kubernetes needs in namespace %[1]s, and nothing of the cluster's.
# The pods add NET_ADMIN in their own network namespace, so that the lab's addresses do not
# depend on the cluster's network: the namespace must not enforce a Pod Security level. With
# --overlay=false they have the pods' addresses, and restricted is enough.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: lab99
  namespace: %[1]s
  labels: {%[2]s: %[3]s}
rules:
`, namespace, labelName, appName)
	for _, r := range rights {
		fmt.Fprintf(&b, "- {apiGroups: [%q], resources: [%s], verbs: [%s]}\n", r.group, r.resource, r.verbs)
	}
	fmt.Fprintf(&b, `---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: lab99
  namespace: %s
  labels: {%s: %s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: lab99}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: %q}
`, namespace, labelName, appName, user)
	_, err := io.WriteString(w, b.String())
	return err
}

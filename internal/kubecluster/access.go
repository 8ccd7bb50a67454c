//go:build linux

package kubecluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// credentials writes the key that service accounts' tokens are signed with, and a token
// and a kubeconfig for everybody. Nothing outside the namespaces reaches the API server.
func (c *Cluster) credentials(users []string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	tokens := ""
	files := map[string][]byte{
		"sa.key": pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		"sa.pub": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
	}
	user := func(config, name, groups string) (token string) {
		token = rand.Text()
		tokens += fmt.Sprintf("%s,%s,%s,%s\n", token, name, name, groups)
		files[config+".conf"] = fmt.Appendf(nil, "apiVersion: v1\nkind: Config\n"+
			"clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]\n"+
			"users: [{name: u, user: {token: %q}}]\n"+
			"contexts: [{name: c, context: {cluster: c, user: u}}]\ncurrent-context: c\n", apiServer, token)
		return token
	}
	c.token = user("admin", "admin", "system:masters")
	user("kcm", "system:kube-controller-manager", "")
	user("scheduler", "system:kube-scheduler", "")
	user("proxy", "system:kube-proxy", "")
	for _, name := range users {
		user(name, name, "")
	}
	for _, n := range c.Nodes {
		user(n.Name, "system:node:"+n.Name, "system:nodes")
	}
	files["tokens.csv"] = []byte(tokens)
	for name, text := range files {
		if err := os.WriteFile(c.path(name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// waitUntilReady waits until a pod would be scheduled: every node is Ready and without
// taints, which go a second later, and the default service account is there.
func (c *Cluster) waitUntilReady(ctx context.Context) error {
	var last error
	for {
		if last = c.ready(ctx); last == nil {
			return nil
		}
		for _, p := range c.parts {
			select {
			case <-p.ended:
				return fmt.Errorf("%s ended by itself (%v): %w", p.cmd.Args[1], p.cmd.ProcessState, last)
			default:
			}
		}
		for _, n := range c.Nodes {
			select {
			case <-n.init.ended:
				return fmt.Errorf("node %s ended by itself (%v): %w", n.Name, n.init.cmd.ProcessState, last)
			default:
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (c *Cluster) ready(ctx context.Context) error {
	var nodes struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ Taints []struct{ Key string } }
			Status   struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	if err := c.Get(ctx, "/api/v1/nodes", &nodes); err != nil {
		return err
	}
	if len(nodes.Items) < len(c.Nodes) {
		return fmt.Errorf("%d of %d nodes are registered", len(nodes.Items), len(c.Nodes))
	}
	for _, n := range nodes.Items {
		for _, t := range n.Spec.Taints {
			return fmt.Errorf("node %s has the taint %s", n.Metadata.Name, t.Key)
		}
		ready := false
		for _, condition := range n.Status.Conditions {
			ready = ready || condition.Type == "Ready" && condition.Status == "True"
		}
		if !ready {
			return fmt.Errorf("node %s is not ready", n.Metadata.Name)
		}
	}
	return c.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", new(struct{}))
}

// Get asks the API server as the administrator.
func (c *Cluster) Get(ctx context.Context, path string, into any) error {
	return c.ask(ctx, http.MethodGet, path, nil, into)
}

// Create makes an object at a path of the API, as the administrator.
func (c *Cluster) Create(ctx context.Context, path string, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return c.ask(ctx, http.MethodPost, path, body, new(struct{}))
}

// Merge changes an object at a path of the API, as the administrator: what is null in the
// change goes (RFC 7386).
func (c *Cluster) Merge(ctx context.Context, path, change string) error {
	return c.ask(ctx, http.MethodPatch, path, []byte(change), new(struct{}))
}

// List reads a list at a path of the API, as the administrator.
func (c *Cluster) List(ctx context.Context, path string) (names []string, err error) {
	var list struct {
		Items []struct{ Metadata struct{ Name string } }
	}
	err = c.Get(ctx, path, &list)
	for _, i := range list.Items {
		names = append(names, i.Metadata.Name)
	}
	return names, err
}

func (c *Cluster) ask(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	transport := &http.Transport{
		DialContext:       c.Dial,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}
	req, err := http.NewRequestWithContext(ctx, method, apiServer+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

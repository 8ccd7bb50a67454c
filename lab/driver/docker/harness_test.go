package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/image"
)

func engine(t *testing.T) *client.Client {
	t.Helper()
	needs.Docker(t)
	cli, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cli.Close() })
	return cli
}

// local returns the image assembled for a reference; it stays for later runs.
func local(t *testing.T, cli *client.Client, role image.Role, text string) image.Image {
	t.Helper()
	needs.Program(t, "docker", "apt-get")
	img, err := image.Resolve(t.Context(), images{cli: cli}, role, text, image.Local, func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// getter returns an image made by Agent of a program that fetches a page.
func getter(t *testing.T, cli *client.Client) image.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "get")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./testdata/get")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the getter: %v: %s", err, out)
	}
	img, err := image.Agent(t.Context(), images{cli: cli}, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, cli, img.Used) })
	again, err := image.Agent(t.Context(), images{cli: cli}, path)
	if err != nil || again.ID != img.ID || again.Source != image.Present {
		t.Errorf("second time: %+v, %v, want the same image, present", again, err)
	}
	return img
}

func remove(t *testing.T, cli *client.Client, ref string) {
	t.Helper()
	// t.Context() is done when clean-up runs.
	if _, err := cli.ImageRemove(context.Background(), ref, client.ImageRemoveOptions{Force: true}); err != nil {
		t.Errorf("remove %s: %v", ref, err)
	}
}

// start runs a container, in the network namespace of another or in one of its
// own that leads nowhere, and removes it at the end of the test.
func start(t *testing.T, cli *client.Client, used, joined string, files map[string]string, cmd ...string) string {
	t.Helper()
	ctx := t.Context()
	host := &container.HostConfig{NetworkMode: "none"}
	if joined != "" {
		host.NetworkMode = container.NetworkMode("container:" + joined)
	}
	created, err := cli.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config:     &container.Config{Image: used, Cmd: cmd, Labels: map[string]string{"org.lab99.test": t.Name()}},
		HostConfig: host,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := cli.ContainerRemove(context.Background(), created.ID,
			client.ContainerRemoveOptions{Force: true}); err != nil {
			t.Errorf("remove container: %v", err)
		}
	})
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for name, text := range files {
		w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
		io.WriteString(w, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := cli.CopyToContainer(ctx, created.ID,
		client.CopyToContainerOptions{DestinationPath: "/", Content: &buf}); err != nil {
		t.Fatal(err)
	}
	if _, err := cli.ContainerStart(ctx, created.ID, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
	return created.ID
}

// output waits for a container to end and returns what it printed.
func output(t *testing.T, cli *client.Client, id string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	wait := cli.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case err := <-wait.Error:
		t.Fatalf("%v; its log:\n%s", err, logs(t, cli, id))
	case res := <-wait.Result:
		if res.StatusCode != 0 {
			t.Fatalf("exit status %d:\n%s", res.StatusCode, logs(t, cli, id))
		}
	}
	return logs(t, cli, id)
}

func logs(t *testing.T, cli *client.Client, id string) string {
	t.Helper()
	r, err := cli.ContainerLogs(t.Context(), id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if _, err := stdcopy.StdCopy(&b, &b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The roles of the tests.
const (
	nginxRole image.Role = "nginx"
	httpdRole image.Role = "httpd"
)

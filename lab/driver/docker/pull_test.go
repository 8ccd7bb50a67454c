package docker

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/lab99/lab99/lab/image"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
)

func TestPullByTagAndByDigest(t *testing.T) {
	cli := engine(t)
	lean := local(t, cli, nginxRole, "nginx:1.30")
	addr, child := serve(t, cli, lean, same)
	digest, err := child.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{addr + "/nginx:1.30", addr + "/nginx@" + digest.String()} {
		img, err := image.Resolve(t.Context(), images{cli: cli}, nginxRole, text, image.Registry, func(s string) { t.Log(s) })
		if err != nil {
			t.Fatal(err)
		}
		if img.Source != image.Pulled || img.Used != text || img.ID == lean.ID || img.Version != lean.Version ||
			img.Note != "" {
			t.Errorf("pulled %+v, want a child of %+v", img, lean)
		}
		got := output(t, cli, start(t, cli, img.Used, "", nil, img.Program, "-v"))
		if !strings.Contains(got, "nginx/"+lean.Version) {
			t.Errorf("nginx -v in the pulled image says %q", got)
		}
		again, ok, err := image.Find(t.Context(), images{cli: cli}, nginxRole, text, image.Auto)
		if err != nil || !ok || again.Source != image.Present || again.ID != img.ID {
			t.Errorf("Find after the pull: %+v, %v, %v", again, ok, err)
		}
		remove(t, cli, text) // a container of it may remain until the test ends
	}
}

func TestSlowPullThatProgressesMayFinish(t *testing.T) {
	cli := engine(t)
	lean := local(t, cli, nginxRole, "nginx:1.30")
	addr, _ := serve(t, cli, lean, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(throttle(w, r), r) })
	})
	text := addr + "/nginx:1.30"
	p := patience{first: 3 * time.Second, stall: 2 * time.Second}
	began := time.Now()
	if err := pull(t.Context(), cli, text, p, func(s string) { t.Log(s) }); err != nil {
		t.Fatalf("after %v: %v", time.Since(began), err)
	}
	remove(t, cli, text)
	if took := time.Since(began); took <= p.first {
		t.Fatalf("the pull took %v: too fast to show anything", took)
	}
}

func TestStalledPullIsGivenUp(t *testing.T) {
	cli := engine(t)
	lean := local(t, cli, nginxRole, "nginx:1.30")
	done := make(chan struct{})
	addr, _ := serve(t, cli, lean, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
				select {
				case <-done:
				case <-r.Context().Done():
				}
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	// The engine may hold on to its request; the server's Close waits for it.
	defer close(done)
	began := time.Now()
	err := pull(t.Context(), cli, addr+"/nginx:1.30", patience{first: 2 * time.Second, stall: 2 * time.Second},
		func(string) {})
	if err == nil || !strings.Contains(err.Error(), "within 2s") && !strings.Contains(err.Error(), "no progress for 2s") {
		t.Errorf("err = %v", err)
	}
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("gave up after %v", took)
	}
}

func TestSilentRegistryIsGivenUpWithinSeconds(t *testing.T) {
	cli := engine(t)
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, never answers, like a firewall that drops
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	began := time.Now()
	err = pull(t.Context(), cli, l.Addr().String()+"/nginx:1.30", patiences[image.Auto], func(string) {})
	if err == nil || !strings.Contains(err.Error(), "no answer from the registry") {
		t.Errorf("err = %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("gave up after %v", took)
	}
}

// serve runs a registry on loopback that holds a child of the image as
// nginx:1.30, and returns its address and the child. The child's one more layer
// is random, so that the engine cannot have it yet.
func serve(t *testing.T, cli *client.Client, parent image.Image, wrap func(http.Handler) http.Handler) (addr string, child v1.Image) {
	t.Helper()
	saved, err := cli.ImageSave(t.Context(), []string{parent.Used})
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	archive, err := io.ReadAll(saved)
	if err != nil {
		t.Fatal(err)
	}
	img, err := tarball.Image(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	extra, err := random.Layer(5<<20, types.DockerLayer)
	if err != nil {
		t.Fatal(err)
	}
	if child, err = mutate.AppendLayers(img, extra); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(wrap(registry.New(registry.Logger(log.New(io.Discard, "", 0)))))
	t.Cleanup(srv.Close)
	addr = strings.TrimPrefix(srv.URL, "http://")
	ref, err := name.ParseReference(addr + "/nginx:1.30")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, child); err != nil {
		t.Fatal(err)
	}
	return addr, child
}

func same(h http.Handler) http.Handler { return h }

// throttle spreads a large answer over a few seconds.
func throttle(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
		return w
	}
	return &slow{ResponseWriter: w}
}

type slow struct{ http.ResponseWriter }

func (s *slow) Write(p []byte) (n int, err error) {
	const chunk = 64 << 10
	for len(p) > 0 && err == nil {
		k := min(chunk, len(p))
		var m int
		m, err = s.ResponseWriter.Write(p[:k])
		n, p = n+m, p[k:]
		if f, ok := s.ResponseWriter.(http.Flusher); ok {
			f.Flush()
		}
		if k == chunk {
			time.Sleep(60 * time.Millisecond)
		}
	}
	if err != nil {
		err = fmt.Errorf("throttled write: %w", err)
	}
	return n, err
}

func TestMeterSumsLayersNowAndThen(t *testing.T) {
	var lines []string
	m := newMeter("nginx:1.30", func(s string) { lines = append(lines, s) })
	start := m.next.Add(-meterEvery)
	add := func(after time.Duration, id string, done, total int64) {
		m.add(jsonstream.Message{
			ID:       id,
			Status:   "Downloading",
			Progress: &jsonstream.Progress{Current: done, Total: total},
		}, start.Add(after))
	}
	add(1*time.Second, "a", 1e6, 10e6)
	add(2*time.Second, "b", 1e6, 5e6)
	add(3*time.Second, "a", 6e6, 10e6)
	add(4*time.Second, "a", 8e6, 10e6)
	if diff := cmp.Diff([]string{"pulling nginx:1.30: 7.0 of 15.0 MB"}, lines); diff != "" {
		t.Error(diff)
	}
}

//go:build linux

package kubecluster

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gofrs/flock"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// kubernetesVersion is what the parts say they are: that of the module in go.mod.
const kubernetesVersion = "v1.37.2"

// built is the program of the parts and the image that holds a pod's namespaces.
type built struct{ program, pause string }

// where says where they are, or would be: in a directory for each state of their sources.
func where(ctx context.Context) (b built, source string, err error) {
	if source, err = sourceDir(ctx); err != nil {
		return b, "", err
	}
	hash, err := hashOf(source)
	if err != nil {
		return b, "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return b, "", err
	}
	dir := filepath.Join(cache, "lab99", "testkube", hash)
	return built{filepath.Join(dir, "testkube"), filepath.Join(dir, "pause.tar")}, source, nil
}

// complete says whether they are there. The image is made last.
func (b built) complete() bool {
	_, err := os.Stat(b.pause)
	return err == nil
}

// Build makes them where they are not there, which takes a quarter of an hour of processor
// time and 150 MB, and says where the program is.
func Build(ctx context.Context, log func(string)) (program string, err error) {
	b, source, err := where(ctx)
	if err != nil {
		return "", err
	}
	dir := filepath.Dir(b.program)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	door := flock.New(dir + ".lock")
	if err := door.Lock(); err != nil {
		return "", err
	}
	defer door.Unlock()
	if b.complete() {
		return b.program, nil
	}
	log("building Kubernetes " + kubernetesVersion + ": about a quarter of an hour of processor time, once")
	major, minor, _ := strings.Cut(strings.TrimPrefix(kubernetesVersion, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	const pkg = "k8s.io/component-base/version."
	err = goBuild(ctx, source, b.program, ".", fmt.Sprintf("-X %sgitVersion=%s -X %sgitMajor=%s -X %sgitMinor=%s",
		pkg, kubernetesVersion, pkg, major, pkg, minor))
	if err != nil {
		return "", err
	}
	holder := filepath.Join(dir, "pause")
	if err := goBuild(ctx, source, holder, "./pause", ""); err != nil {
		return "", err
	}
	return b.program, pauseImage(holder, b.pause)
}

// sourceDir is the nested module's.
func sourceDir(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module's sources: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal", "testkube"), nil
}

func hashOf(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s", strings.TrimPrefix(path, dir), len(b), b)
		return err
	})
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), err
}

func goBuild(ctx context.Context, dir, out, pkg, flags string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w "+flags, "-o", out, pkg)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s in %s: %w\n%s", pkg, dir, err, text)
	}
	return nil
}

// pauseImage writes an image of one program.
func pauseImage(program, archive string) error {
	b, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := w.WriteHeader(&tar.Header{Name: "pause", Mode: 0o755, Size: int64(len(b))}); err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil }
	layer, err := tarball.LayerFromOpener(open)
	if err != nil {
		return err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	config.OS, config.Architecture, config.Config.Entrypoint = "linux", runtime.GOARCH, []string{"/pause"}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return err
	}
	tag, err := name.NewTag("lab99.test/pause:1")
	if err != nil {
		return err
	}
	return tarball.WriteToFile(archive, tag, img)
}

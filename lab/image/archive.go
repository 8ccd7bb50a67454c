package image

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// entry is one path of an image: a directory, a symbolic link or a regular file
// by its Mode's type bits.
type entry struct {
	mode fs.FileMode
	data []byte
	link string
}

// layer writes a root file system as a tar: sorted, owned by root, dated at the
// epoch, so that the same files always give the same image ID. Parents that are
// not listed become directories of mode 0755.
func layer(root map[string]entry) ([]byte, error) {
	all := maps.Clone(root)
	for name := range root {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := all[dir]; !ok {
				all[dir] = entry{mode: fs.ModeDir | 0o755}
			}
		}
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		e := all[name]
		h := &tar.Header{Name: name, Mode: int64(e.mode.Perm()), ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		switch {
		case e.mode.IsDir():
			h.Typeflag, h.Name = tar.TypeDir, name+"/"
			if e.mode&fs.ModeSticky != 0 {
				h.Mode |= 0o1000
			}
		case e.mode&fs.ModeSymlink != 0:
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		default:
			h.Typeflag, h.Size = tar.TypeReg, int64(len(e.data))
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("layer: %s: %w", name, err)
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, fmt.Errorf("layer: %s: %w", name, err)
		}
	}
	return buf.Bytes(), w.Close()
}

// archive makes an image of one layer.
func archive(arch string, config ocispec.ImageConfig, root map[string]entry) (v1.Image, error) {
	fsys, err := layer(root)
	if err != nil {
		return nil, err
	}
	epoch := v1.Time{Time: time.Unix(0, 0).UTC()}
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: arch, Created: epoch, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Env: config.Env, Entrypoint: config.Entrypoint, Cmd: config.Cmd, WorkingDir: config.WorkingDir,
			Labels: config.Labels, StopSignal: config.StopSignal,
		},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(img, mutate.Addendum{
		Layer:   static.NewLayer(fsys, types.DockerUncompressedLayer),
		History: v1.History{Created: epoch, CreatedBy: "lab99"},
	})
}

// load gives the engine an image under a tag.
func load(ctx context.Context, eng Engine, tag, arch string, config ocispec.ImageConfig, root map[string]entry) error {
	img, err := archive(arch, config, root)
	if err != nil {
		return err
	}
	ref, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	r, w := io.Pipe() // the layer is in memory once already
	go func() { w.CloseWithError(tarball.Write(ref, img, w)) }()
	defer r.Close() // frees the writer when the engine stops reading early
	if err := eng.Load(ctx, r); err != nil {
		return fmt.Errorf("load image %s: %w", tag, err)
	}
	return nil
}

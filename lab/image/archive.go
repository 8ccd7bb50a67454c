package image

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
	"github.com/opencontainers/go-digest"
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

// load gives the engine an image of one layer under a tag, in the format of
// `docker save`. A builder would need a daemon feature that is going away, and
// ImageImport cannot set everything an image's configuration can.
func load(ctx context.Context, eng Engine, tag, arch string, config dockerspec.DockerOCIImageConfig, root map[string]entry) error {
	fsys, err := layer(root)
	if err != nil {
		return err
	}
	epoch := time.Unix(0, 0).UTC()
	img := dockerspec.DockerOCIImage{
		Image: ocispec.Image{
			Created:  &epoch,
			Platform: ocispec.Platform{OS: "linux", Architecture: arch},
			RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(fsys)}},
			History:  []ocispec.History{{Created: &epoch, CreatedBy: "lab99"}},
		},
		Config: config,
	}
	conf, err := json.Marshal(img)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(conf)
	confName := hex.EncodeToString(sum[:]) + ".json"
	manifest, err := json.Marshal([]map[string]any{{
		"Config": confName, "RepoTags": []string{tag}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return err
	}

	r, w := io.Pipe() // the layer is in memory once already
	go func() {
		w.CloseWithError(writeTar(w, []string{confName, "layer.tar", "manifest.json"}, [][]byte{conf, fsys, manifest}))
	}()
	defer r.Close() // frees the writer when the engine stops reading early
	answer, err := eng.ImageLoad(ctx, r, client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("load image %s: %w", tag, err)
	}
	defer answer.Close()
	// The engine answers 200 and puts what went wrong later into the stream.
	for dec := json.NewDecoder(answer); ; {
		var m jsonstream.Message
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("load image %s: %w", tag, err)
		case m.Error != nil:
			return fmt.Errorf("load image %s: %w", tag, m.Error)
		}
	}
}

func writeTar(w io.Writer, names []string, contents [][]byte) error {
	t := tar.NewWriter(w)
	for i, name := range names {
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(contents[i])), ModTime: time.Unix(0, 0)}); err != nil {
			return err
		}
		if _, err := t.Write(contents[i]); err != nil {
			return err
		}
	}
	return t.Close()
}

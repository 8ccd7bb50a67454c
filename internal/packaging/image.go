package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image is a container image as an OCI archive, for `docker load`, `podman load`,
// `ctr images import` and `skopeo copy oci-archive:`. It has the program and nothing else: no shell, no libraries. The
// program is its own agent, so it is all that a lab's hosts need besides the servers.
type image struct{}

func (image) fits(t target) bool { return t.os == "linux" }

func (image) name(r *release, t target) string { return stem(r, t) + "_image.tar" }

func (image) pack(w io.Writer, r *release, t target, all []file) error {
	var layer bytes.Buffer
	err := archive(&layer, r.date, "", all, func(f file) string {
		switch f.system {
		case program, "/usr/share/doc/lab99/copyright":
			return f.system[1:]
		}
		return ""
	})
	if err != nil {
		return err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil }
	l, err := tarball.LayerFromOpener(open,
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return err
	}
	oci := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.ConfigFile(oci, &v1.ConfigFile{
		OS: t.os, Architecture: t.arch, Created: v1.Time{Time: r.date}, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{program},
			User:       "65532:65532", // nobody's in particular; who diagnoses a host asks for --user 0
			WorkingDir: "/",
			Labels: map[string]string{
				"org.opencontainers.image.title":    "lab99",
				"org.opencontainers.image.version":  r.version,
				"org.opencontainers.image.revision": r.revision,
				"org.opencontainers.image.source":   "https://github.com/lab99/lab99",
				"org.opencontainers.image.licenses": "Apache-2.0",
			},
		},
	})
	if err != nil {
		return err
	}
	if img, err = mutate.Append(img, mutate.Addendum{Layer: l, History: v1.History{
		Created: v1.Time{Time: r.date}, CreatedBy: "make package",
	}}); err != nil {
		return err
	}
	return writeArchive(w, r, img)
}

// writeArchive writes an OCI image layout (https://specs.opencontainers.org/image-spec/image-layout/)
// with the manifest.json of `docker save` beside it, by which engines before Docker 25 load
// it too.
func writeArchive(w io.Writer, r *release, img v1.Image) error {
	name := "lab99:" + r.version
	dir, err := os.MkdirTemp("", "lab99-packaging-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	err = at.AppendImage(img, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": r.version, "io.containerd.image.name": "docker.io/library/" + name,
	}))
	if err != nil {
		return err
	}
	m, err := img.Manifest()
	if err != nil {
		return err
	}
	blob := func(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }
	saved := tarball.Manifest{{Config: blob(m.Config.Digest), RepoTags: []string{name}}}
	for _, l := range m.Layers {
		saved[0].Layers = append(saved[0].Layers, blob(l.Digest))
	}
	text, err := json.Marshal(saved)
	if err != nil {
		return err
	}
	files := []file{{"", "manifest.json", 0o644, text}}
	err = walk(dir, func(name string, text []byte) error {
		files = append(files, file{"", name, 0o644, text})
		return nil
	})
	if err != nil {
		return err
	}
	return archive(w, r.date, "", files, func(f file) string { return f.tarball })
}

package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/lab99/lab99/lab/image"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
)

// images is the engine as package image sees it.
type images struct {
	cli  *client.Client
	arch string // in Go's words, if it is known
}

func (d *Driver) images() images { return images{d.cli, d.arch} }

var _ image.Engine = images{}

func (e images) Arch(ctx context.Context) (string, error) {
	if e.arch != "" {
		return e.arch, nil // Podman takes its time over the question
	}
	v, err := e.cli.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return "", fmt.Errorf("architecture of the container engine: %w", err)
	}
	return v.Arch, nil
}

func (e images) Inspect(ctx context.Context, ref string) (image.Inspected, error) {
	res, err := e.cli.ImageInspect(ctx, ref)
	switch {
	case cerrdefs.IsNotFound(err):
		return image.Inspected{}, fmt.Errorf("image %s: %w", ref, fs.ErrNotExist)
	case err != nil:
		return image.Inspected{}, fmt.Errorf("inspect image %s: %w", ref, err)
	case res.Config == nil:
		return image.Inspected{ID: res.ID}, nil
	}
	return image.Inspected{ID: res.ID, Env: res.Config.Env, Labels: res.Config.Labels}, nil
}

// Load gives the engine an image. A builder would need a daemon feature that is
// going away, and an import cannot set everything that an image's configuration
// can.
func (e images) Load(ctx context.Context, archive io.Reader) error {
	answer, err := e.cli.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return err
	}
	defer answer.Close()
	// The engine answers 200 and puts what went wrong later into the stream.
	for dec := json.NewDecoder(answer); ; {
		var m jsonstream.Message
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.Error != nil:
			return m.Error
		}
	}
}

func (e images) Pull(ctx context.Context, ref string, mode image.Mode, log func(string)) error {
	return pull(ctx, e.cli, ref, patiences[mode], log)
}

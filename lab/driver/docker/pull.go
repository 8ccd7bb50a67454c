package docker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cpuguy83/dockercfg"
	"github.com/distribution/reference"
	"github.com/lab99/lab99/lab/image"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
)

// patience bounds a pull by its progress, not by its length: a slow registry
// may finish, one that cannot be reached is given up.
type patience struct {
	first time.Duration // until the engine's first message, which comes after the manifest is in
	stall time.Duration // between two messages that tell of progress
}

// The engine itself would retry an unreachable registry for a minute or more.
var patiences = map[image.Mode]patience{
	image.Auto:     {first: 6 * time.Second, stall: 30 * time.Second},
	image.Registry: {first: 30 * time.Second, stall: 60 * time.Second}, // there is nothing else to try
}

// pull asks the engine to fetch an image.
func pull(ctx context.Context, cli *client.Client, text string, p patience, log func(string)) error {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(p.first, func() {
		cancel(fmt.Errorf("no answer from the registry of %s within %v", text, p.first))
	})
	defer watchdog.Stop()

	log("pulling " + text)
	opts := client.ImagePullOptions{RegistryAuth: credentials(reference.Domain(named))}
	stream, err := cli.ImagePull(ctx, text, opts)
	if err != nil {
		return pullError(ctx, err)
	}
	defer stream.Close()
	watchdog.Stop()
	watchdog = time.AfterFunc(p.stall, func() { cancel(fmt.Errorf("no progress for %v", p.stall)) })
	defer watchdog.Stop()

	meter := newMeter(text, log)
	for m, err := range stream.JSONMessages(ctx) {
		if err != nil {
			return pullError(ctx, err)
		}
		if m.Error != nil {
			return m.Error
		}
		// The engine counts down to its next attempt: that is no progress.
		if !strings.HasPrefix(m.Status, "Retrying") {
			watchdog.Reset(p.stall)
		}
		meter.add(m, time.Now())
	}
	return pullError(ctx, nil)
}

// pullError prefers our reason for giving up to the engine's "context canceled".
func pullError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// credentials returns what `docker login` stored for a registry, encoded for
// the engine; "" asks anonymously. A broken store is no reason not to try.
func credentials(domain string) string {
	user, secret, err := dockercfg.GetRegistryCredentials(dockercfg.ResolveRegistryHost(domain))
	if err != nil || secret == "" {
		return ""
	}
	auth := registry.AuthConfig{Username: user, Password: secret, ServerAddress: domain}
	if user == "" { // by the convention of credential helpers the secret is an identity token
		auth = registry.AuthConfig{IdentityToken: secret, ServerAddress: domain}
	}
	text, err := authconfig.Encode(auth)
	if err != nil {
		return ""
	}
	return text
}

// meter turns the engine's messages, many a second and one for each layer, into
// a line every few seconds.
type meter struct {
	text   string
	log    func(string)
	next   time.Time
	layers map[string]jsonstream.Progress
}

const meterEvery = 3 * time.Second

func newMeter(text string, log func(string)) *meter {
	return &meter{text: text, log: log, next: time.Now().Add(meterEvery), layers: map[string]jsonstream.Progress{}}
}

func (m *meter) add(msg jsonstream.Message, now time.Time) {
	if msg.Status != "Downloading" || msg.Progress == nil {
		return
	}
	m.layers[msg.ID] = *msg.Progress
	if now.Before(m.next) {
		return
	}
	m.next = now.Add(meterEvery)
	var done, total int64
	for _, l := range m.layers {
		done, total = done+l.Current, total+l.Total
	}
	m.log(fmt.Sprintf("pulling %s: %.1f of %.1f MB", m.text, float64(done)/1e6, float64(total)/1e6))
}

// Package phpfpm is PHP-FPM behind nginx: its configuration, its page, what it says of
// itself, and its image.
//
// It closes a connection after its reply, unless the request has the flag FCGI_KEEP_CONN
// (fastcgi_keep_conn). Then a process of its waits for the next request on the very same
// connection and serves nobody else: a pool of nginx's takes as many processes as it holds
// connections.
package phpfpm

import (
	_ "embed"
	"path"
	"regexp"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Kind is PHP-FPM as a backend.
type Kind struct{}

func init() { proxy.RegisterBackend(Kind{}, ownTemplate, "php:8-fpm") }

//go:embed php-fpm.conf.tmpl
var templateText []byte

var ownTemplate = scenarios.OwnTemplate("php-fpm.conf.tmpl", templateText)

// confFile is its configuration, in the host and among the results.
const confFile = "php-fpm.conf"

// script makes 1 KB, like the pages of the other backends, by running.
const script = `<?php
header('Content-Type: text/plain');
echo str_repeat('lab99 ', 170), "\nok\n";
`

// Name is the word for it in scenario files.
func (Kind) Name() string { return "php-fpm" }

// Speaks is what it understands.
func (Kind) Speaks() string { return "fastcgi" }

// Processes are called after the program, which Debian names after the version.
func (Kind) Processes() []string { return programs }

// data is what a template can name.
type data struct {
	proxy.Site
	proxy.Asked
	Pools []pool
}

// A pool is a listener with processes of its own.
type pool struct {
	Listen   string
	Children int
}

// Configure renders the template. -n reads no php.ini, -R lets it stay root: the lab's
// hosts hold nothing else, and then it needs no right to become another user.
func (Kind) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	at = proxy.BackendAt(at)
	d := data{Site: at, Asked: proxy.AskedOf(v)}
	for _, a := range at.BackendListen {
		d.Pools = append(d.Pools, pool{a.String(), children(v)})
	}
	text, err := proxy.RenderBackend(ownTemplate, v, d)
	return proxy.Config{
		File: confFile, Text: text, More: map[string][]byte{path.Join(at.DocumentRoot, "index.php"): []byte(script)},
		Command: []string{at.Program, "-n", "-R", "-y", path.Join(at.Dir, confFile)}, Serve: []string{"-F"},
	}, err
}

// children is how many processes a listener has: one for each connection that nginx may
// hold idle, and some for what is under way.
func children(v scenarios.Variant) int {
	if n := v.Backend.MaxWorkers; n > 0 {
		return n
	}
	idle := 0
	if v.Proxy.KeepConn {
		idle = v.Proxy.Keepalive * v.Proxy.Workers
	}
	return 16 + idle
}

var versionRE = regexp.MustCompile(`^PHP (\d+\.\d+\.\d+)`)

// ReadBack asks for its version.
func (Kind) ReadBack(_ scenarios.Variant, _ proxy.Config, run proxy.Command) (proxy.Self, error) {
	build, err := run("-v")
	return proxy.Built(build, versionRE), err
}

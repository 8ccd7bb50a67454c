package docker

import (
	"archive/tar"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/driver"
)

func TestArchiveHasDirectoriesBeforeFiles(t *testing.T) {
	r := tar.NewReader(archive([]driver.File{
		{Path: "/etc/lab/nginx.conf", Data: []byte("a")},
		{Path: "/etc/lab/htdocs/index.html", Data: []byte("bc")},
	}))
	var got []string
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.Name)
	}
	want := "nginx.conf htdocs/ htdocs/index.html"
	if strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestCredentialsOfTheEngineAreStripped(t *testing.T) {
	for host, want := range map[string]string{
		"":                            "",
		"unix:///var/run/docker.sock": "unix:///var/run/docker.sock",
		"tcp://127.0.0.1:2375":        "tcp://127.0.0.1:2375",
		"tcp://me:secret@host:2375":   "tcp://host:2375",
		"tcp://me:se@cret@host:%zz":   "tcp://host:%zz",
		"ssh://me@host":               "ssh://me@host",
		"ssh://me:secret@host:22":     "ssh://me@host:22",
	} {
		if got := withoutCredentials(host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

func TestErrorsNameVariablesNotValues(t *testing.T) {
	t.Setenv("DOCKER_CERT_PATH", "/home/me/certs")
	t.Setenv("https_proxy", "http://me:secret@proxy:3128")
	t.Setenv("DOCKER_TLS_VERIFY", "1")
	t.Setenv("DOCKER_HOST", "tcp://there:1")
	got := redact(`open /home/me/certs/ca.pem; via "http://me:secret@proxy:3128" to tcp://there:1, try 1`)
	if want := `open $DOCKER_CERT_PATH/ca.pem; via "$https_proxy" to tcp://there:1, try 1`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestUnreachableNamesTheSettingToBlame(t *testing.T) {
	cause := errors.New("no\nrootless Docker not found")
	t.Setenv("DOCKER_HOST", "tcp://nowhere:1")
	t.Setenv("DOCKER_API_VERSION", "")
	if msg := unreachable(cause).Error(); !strings.Contains(msg, "DOCKER_HOST=tcp://nowhere:1") ||
		strings.Contains(msg, "rootless") {
		t.Error(msg)
	}
	t.Setenv("DOCKER_API_VERSION", "1.99")
	if msg := unreachable(cause).Error(); !strings.Contains(msg, "DOCKER_API_VERSION=1.99") {
		t.Error(msg)
	}
}

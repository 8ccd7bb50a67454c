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
	r := tar.NewReader(archive([]driver.File{{Path: "/etc/lab/nginx.conf", Data: []byte("a")}, {Path: "/etc/lab/htdocs/index.html", Data: []byte("bc")}}))
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
	want := "etc/ etc/lab/ etc/lab/nginx.conf etc/lab/htdocs/ etc/lab/htdocs/index.html"
	if strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestUnreachableNamesTheSettingToBlame(t *testing.T) {
	cause := errors.New("no\nrootless Docker not found")
	t.Setenv("DOCKER_HOST", "tcp://nowhere:1")
	t.Setenv("DOCKER_API_VERSION", "")
	if msg := unreachable(cause).Error(); !strings.Contains(msg, "DOCKER_HOST=tcp://nowhere:1") || strings.Contains(msg, "rootless") {
		t.Error(msg)
	}
	t.Setenv("DOCKER_API_VERSION", "1.99")
	if msg := unreachable(cause).Error(); !strings.Contains(msg, "DOCKER_API_VERSION=1.99") {
		t.Error(msg)
	}
}

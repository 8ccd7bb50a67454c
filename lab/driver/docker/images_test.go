package docker

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/certificate"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/image/recipe"
	_ "github.com/lab99/lab99/lab/proxy/kinds"
)

func TestAssembledServersServeAPage(t *testing.T) {
	cli := engine(t)
	get := getter(t, cli)
	conf := map[string]string{}
	for _, f := range []string{"nginx.conf", "httpd.conf"} {
		b := filetest.Read(t, "testdata/"+f)
		conf[f] = string(b)
	}
	for _, tc := range []struct{ nginx, httpd string }{
		{"nginx:1.30", "httpd:2.4"}, // from the host's own suite
		{"apt:bookworm", "apt:bookworm"},
		{"apt:forky", "apt:forky"},
	} {
		t.Run(strings.ReplaceAll(tc.nginx, ":", "-"), func(t *testing.T) {
			nginx, httpd := local(t, cli, nginxRole, tc.nginx), local(t, cli, httpdRole, tc.httpd)
			if (nginx.Note == "") != strings.HasPrefix(tc.nginx, recipe.SuitePrefix) {
				t.Errorf("note %q for %s", nginx.Note, tc.nginx)
			}
			if tc.nginx == "apt:bookworm" && !strings.HasPrefix(nginx.Version, "1.22.") {
				t.Errorf("nginx %s in bookworm", nginx.Version)
			}

			version := output(t, cli, start(t, cli, nginx.Used, "", nil, nginx.Program, "-v"))
			if want := "nginx/" + nginx.Version; !strings.Contains(version, want) {
				t.Errorf("nginx -v says %q, the image %q", version, want)
			}
			version = output(t, cli, start(t, cli, httpd.Used, "", nil, httpd.Program, "-v"))
			if want := "Apache/" + httpd.Version; !strings.Contains(version, want) {
				t.Errorf("httpd -v says %q, the image %q", version, want)
			}

			// Both in one namespace: nginx in front of httpd, on loopback.
			backend := start(t, cli, httpd.Used, "", map[string]string{"lab.conf": conf["httpd.conf"]},
				httpd.Program, "-DFOREGROUND", "-f", "/lab.conf")
			proxy := start(t, cli, nginx.Used, backend, map[string]string{"lab.conf": conf["nginx.conf"]},
				nginx.Program, "-c", "/lab.conf")
			page := output(t, cli, start(t, cli, get.Used, backend, nil, "http://127.0.0.1:8080/"))
			for _, want := range []string{"200 OK", "Server: Apache/" + httpd.Version, "Content-Type: text/html", "It works!"} {
				if !strings.Contains(page, want) {
					t.Errorf("httpd's page lacks %q:\n%s\nits log:\n%s", want, page, logs(t, cli, backend))
				}
			}
			page = output(t, cli, start(t, cli, get.Used, backend, nil, "http://127.0.0.1:8081/"))
			for _, want := range []string{"200 OK", "Server: nginx/" + nginx.Version, "X-Lab99-Upstream: 127.0.0.1:8080",
				"It works!"} {
				if !strings.Contains(page, want) {
					t.Errorf("page through nginx lacks %q:\n%s\nits log:\n%s", want, page, logs(t, cli, proxy))
				}
			}

			found, ok, err := image.Find(t.Context(), images{cli: cli}, nginxRole, tc.nginx, image.Local)
			if err != nil || !ok || found != nginx {
				t.Errorf("Find: %+v, %v, %v; Resolve gave %+v", found, ok, err, nginx)
			}
			if nginx.Packages == "" || !strings.Contains(nginx.Packages, "nginx=") {
				t.Errorf("packages %q", nginx.Packages)
			}
		})
	}
}

// TestAssembledServersSpeakTLS: nginx to an HTTPS upstream, which is Apache
// with the prefork MPM, and verifies its certificate.
func TestAssembledServersSpeakTLS(t *testing.T) {
	cli := engine(t)
	get := getter(t, cli)
	pair, err := certificate.New(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	conf := map[string]string{}
	for _, f := range []string{"nginx.conf", "httpd-tls.conf"} {
		b := filetest.Read(t, "testdata/"+f)
		conf[f] = string(b)
	}
	toTLS := strings.Replace(conf["nginx.conf"], "proxy_pass http://127.0.0.1:8080;", `proxy_pass https://127.0.0.1:8443;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate /backend.crt;
            proxy_ssl_name `+certificate.Name+";", 1)
	nginx, httpd := local(t, cli, nginxRole, "nginx:1.30"), local(t, cli, httpdRole, "httpd:2.4")
	files := map[string]string{
		"lab.conf":    conf["httpd-tls.conf"],
		"backend.crt": string(pair.Certificate),
		"backend.key": string(pair.Key),
	}
	backend := start(t, cli, httpd.Used, "", files, httpd.Program, "-DFOREGROUND", "-f", "/lab.conf")
	proxy := start(t, cli, nginx.Used, backend, map[string]string{"lab.conf": toTLS, "backend.crt": string(pair.Certificate)},
		nginx.Program, "-c", "/lab.conf")
	page := output(t, cli, start(t, cli, get.Used, backend, nil, "http://127.0.0.1:8081/"))
	for _, want := range []string{"200 OK", "X-Lab99-Upstream: 127.0.0.1:8443", "It works!"} {
		if !strings.Contains(page, want) {
			t.Errorf("page through nginx lacks %q:\n%s\nnginx's log:\n%s\nhttpd's:\n%s",
				want, page, logs(t, cli, proxy), logs(t, cli, backend))
		}
	}
}

func TestNoRegistryAndNoAptNamesTheWaysOut(t *testing.T) {
	cli := engine(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := l.Addr().String()
	l.Close()
	t.Setenv("PATH", t.TempDir()) // no apt-get
	began := time.Now()
	_, err = image.Resolve(t.Context(), images{cli: cli}, nginxRole, refused+"/nginx:9.9", image.Auto, nil)
	var none *image.UnavailableError
	if !errors.As(err, &none) {
		t.Fatalf("err = %v, want an UnavailableError", err)
	}
	for _, want := range []string{"refused", "apt-get is not on the PATH", "docker pull " + refused + "/nginx:9.9"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q:\n%v", want, err)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, ok, err := image.Find(t.Context(), images{cli: cli}, nginxRole, refused+"/nginx:9.9", image.Auto); ok ||
		err != nil {
		t.Errorf("Find: %v, %v, want nothing found and no error", ok, err)
	}
}

func TestModesRuleOutWhatTheyDoNotName(t *testing.T) {
	cli := engine(t)
	for _, tc := range []struct {
		text string
		mode image.Mode
		want string
	}{
		{"127.0.0.1:1/nginx:9.9", image.Registry, "packages: not tried"},
		{"127.0.0.1:1/team/proxy:1", image.Auto, "not the stock nginx image"},
		{"apt:bookworm", image.Registry, "names packages of a distribution"},
		{"apt:no-such-suite", image.Auto, "package lists of no-such-suite"},
	} {
		if strings.HasPrefix(tc.text, recipe.SuitePrefix) && tc.mode == image.Auto {
			needs.Program(t, "docker", "apt-get")
		}
		_, err := image.Resolve(t.Context(), images{cli: cli}, nginxRole, tc.text, tc.mode, nil)
		var none *image.UnavailableError
		if !errors.As(err, &none) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s under %s: err = %v, want %q", tc.text, tc.mode, err, tc.want)
		}
	}
	for _, tc := range []struct {
		role image.Role
		mode image.Mode
	}{{"pound", image.Auto}, {nginxRole, "sometimes"}} {
		_, err := image.Resolve(t.Context(), images{cli: cli}, tc.role, "nginx:1.30", tc.mode, nil)
		var none *image.UnavailableError
		if err == nil || errors.As(err, &none) || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%s under %s: err = %v, want one that says what was expected", tc.role, tc.mode, err)
		}
	}
}

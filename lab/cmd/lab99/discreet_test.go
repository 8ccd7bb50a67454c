package main

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// secret stands for whatever an environment holds that is nobody's business.
const secret = "hunter2-correct-horse"

func noSecret(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, secret) {
		t.Errorf("the secret of the environment is told:\n%s", text)
	}
}

// TestErrorsTellNoEnvironment provokes every kind of error there is without a
// lab, with a secret in each variable that lab99 or its libraries read.
func TestErrorsTellNoEnvironment(t *testing.T) {
	path := binaryOf(t)
	dir := t.TempDir()
	login := base64.StdEncoding.EncodeToString([]byte("me:" + secret))
	broken := filepath.Join(dir, "broken.yaml")
	filetest.Write(t, broken, "apiVersion: lab99/v1\nname: [\n")
	for name, tc := range map[string]struct {
		env  []string
		args []string
		says string
	}{
		"engine with a password": {
			[]string{"DOCKER_HOST=tcp://me:" + secret + "@127.0.0.1:1"},
			[]string{"run", tiny, "--driver", "docker"},
			"DOCKER_HOST=tcp://127.0.0.1:1",
		},
		"clean, the same": {[]string{"DOCKER_HOST=tcp://me:" + secret + "@127.0.0.1:1"}, []string{"clean"},
			"DOCKER_HOST=tcp://127.0.0.1:1"},
		"plan, the same": {
			[]string{"DOCKER_HOST=tcp://me:" + secret + "@127.0.0.1:1"},
			[]string{"plan", tiny},
			"no container engine answers",
		},
		"doctor, the same": {
			[]string{"DOCKER_HOST=tcp://me:" + secret + "@127.0.0.1:1"},
			[]string{"doctor"},
			"tcp://127.0.0.1:1",
		},
		"ssh engine": {
			[]string{"DOCKER_HOST=ssh://me:" + secret + "@127.0.0.1:1"},
			[]string{"run", tiny, "--driver", "docker"},
			"no container engine answers",
		},
		"engine that is no URL": {
			[]string{"DOCKER_HOST=tcp://me:" + secret + "@127.0.0.1:%zz"},
			[]string{"run", tiny, "--driver", "docker"},
			"no container engine answers",
		},
		"a proxy that is no URL": {[]string{"DOCKER_HOST=tcp://127.0.0.2:1",
			"HTTP_PROXY=http://me:" + secret + "@%zz"}, []string{"run", tiny, "--driver", "docker"}, "no container engine answers"},
		"certificates": {[]string{"DOCKER_HOST=tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY=1",
			"DOCKER_CERT_PATH=/" + secret}, []string{"run", tiny, "--driver", "docker"}, "no container engine answers"},
		"a proxy with a password": {
			[]string{
				"DOCKER_HOST=tcp://127.0.0.2:1",
				"HTTP_PROXY=http://me:" + secret + "@127.0.0.1:1",
				"HTTPS_PROXY=http://me:" + secret + "@127.0.0.1:1",
			},
			[]string{"run", tiny, "--driver", "docker"},
			"no container engine answers",
		},
		"the engine's context": {[]string{"DOCKER_HOST=", "DOCKER_CONTEXT=" + secret}, []string{"clean"}, ""},
		"a registry with a login": {
			[]string{`DOCKER_AUTH_CONFIG={"auths":{"127.0.0.1:1":{"auth":"` + login + `"}}}`},
			[]string{"run", tiny, "--driver", "docker", "--images", "registry", "--set", "proxy.image=127.0.0.1:1/nginx:1"},
			"no image of nginx",
		},
		"packages through a proxy": {
			[]string{
				"HOME=" + dir,
				"XDG_CACHE_HOME=" + dir,
				"http_proxy=http://me:" + secret + "@127.0.0.1:1",
				"https_proxy=http://me:" + secret + "@127.0.0.1:1",
			},
			[]string{"run", tiny, "--set", "proxy.image=apt:sid"},
			"no image of nginx",
		},
		"a scenario that does not parse": {nil, []string{"run", broken}, "broken.yaml:"},
		"a flag":                         {nil, []string{"run", tiny, "--nonsense"}, "nonsense"},
		"a run that is none":             {nil, []string{"report", dir}, "is not a run"},
		"a load of nobody": {
			nil,
			[]string{"load", "--rate", "1", "--duration", "100ms", "http://127.0.0.1:1/"},
			"ECONNREFUSED",
		},
		"a load of a stranger": {nil, []string{"load", "--rate", "1", "http://192.0.2.1/"}, "stranger"},
		"credentials in a load's URL": {
			nil,
			[]string{"load", "--rate", "1", "http://me:" + secret + "@127.0.0.1:1/"},
			"Authorization",
		},
		"a URL that is none": {nil, []string{"load", "--rate", "1", "http://me:" + secret + "@127.0.0.1:%zz/"}, "URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.says == "no image of nginx" {
				needs.Docker(t)
			}
			cmd := exec.Command(path, append(slices.Clone(tc.args), out(tc.args, dir)...)...)
			// Whatever else a shell has set goes along, and in any case these.
			cmd.Env = append(os.Environ(), "LAB99_TEST_SECRET="+secret, "AWS_SECRET_ACCESS_KEY="+secret,
				`DOCKER_AUTH_CONFIG={"auths":`+secret, "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX="+secret)
			cmd.Env = append(cmd.Env, tc.env...)
			out, _ := cmd.CombinedOutput()
			noSecret(t, string(out))
			if strings.Contains(string(out), login) {
				t.Errorf("the login is told:\n%s", out)
			}
			if !strings.Contains(string(out), tc.says) {
				t.Errorf("it does not say %q:\n%s", tc.says, out)
			}
		})
	}
}

// out keeps the directory of a run that comes to nothing out of the tree.
func out(args []string, dir string) []string {
	if args[0] == "run" {
		return []string{"--out", filepath.Join(dir, "runs")}
	}
	return nil
}

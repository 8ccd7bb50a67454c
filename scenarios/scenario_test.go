package scenarios

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lab99/lab99/lab/law"
)

func load(t testing.TB, name string) *Scenario {
	t.Helper()
	s, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func resolve(t testing.TB, s *Scenario, size string, set ...string) *Resolved {
	t.Helper()
	r, err := s.Resolve(size, set)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readFile(name string) ([]byte, string, error) { return files{}.read(name) }

func TestBuiltinScenariosLoad(t *testing.T) {
	names := Names()
	if len(names) == 0 {
		t.Fatal("no built-in scenario")
	}
	for _, name := range names {
		s := load(t, name)
		if s.Name != name {
			t.Errorf("scenario in %s is named %s", name, s.Name)
		}
		if s.Kind == "" {
			t.Errorf("%s: no kind, so list cannot place it", name)
		}
	}
}

// TestLessonsStayOut: a README is read where the sources are, and the program
// is copied into every host of a lab.
func TestLessonsStayOut(t *testing.T) {
	files := 0
	err := fs.WalkDir(builtin, ".", func(path string, e fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); !e.IsDir() && ext != ".yaml" && ext != ".tmpl" {
			t.Errorf("%s is built into the program", path)
		}
		files++
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files, %v", files, err)
	}
}

func TestPortExhaustionSizes(t *testing.T) {
	five := 5 * time.Second
	for _, c := range []struct {
		size    string
		ports   Ports
		n       int
		rate    float64
		length  time.Duration
		workers int
		stop    *time.Duration
	}{
		{"quick", Ports{Low: 20000, High: 20499}, 500, 200, 10 * time.Second, 1, &five},
		{"standard", Ports{Low: 20000, High: 24095}, 4096, 1000, 20 * time.Second, 1, &five},
		{"full", Ports{Low: 32768, High: 60999, Default: true}, 28232, 2000, 90 * time.Second, 2, nil},
	} {
		for _, v := range resolve(t, load(t, "port-exhaustion"), c.size).Variants {
			if v.Ports != c.ports || v.Ports.N() != c.n || v.Rate != c.rate || v.Duration != c.length ||
				v.Proxy.Workers != c.workers {
				t.Errorf("%s %s: got %+v", c.size, v.Name, v)
			}
			if diff := cmp.Diff(c.stop, v.Load.StopAfterError99); diff != "" {
				t.Errorf("%s %s: stop (-want +got):\n%s", c.size, v.Name, diff)
			}
		}
	}
	if r := resolve(t, load(t, "port-exhaustion"), ""); r.Size != DefaultSize {
		t.Errorf("without a size: got %s", r.Size)
	}
}

func TestPortExhaustionVariantsAreSmallOverlays(t *testing.T) {
	type row struct {
		Name, Change, Verdict string
		Keepalive, Addresses  int
		Reuse                 string
	}
	var got []row
	for _, v := range resolve(t, load(t, "port-exhaustion"), "standard").Variants {
		got = append(got, row{
			Name:      v.Name,
			Change:    strings.Join(v.Change(), "; "),
			Verdict:   v.Expect.Verdict,
			Keepalive: v.Proxy.Keepalive,
			Addresses: v.Backend.Addresses,
			Reuse:     v.Proxy.Sysctls["net.ipv4.tcp_tw_reuse"],
		})
	}
	want := []row{
		{"baseline", "", law.Reproduced, 0, 1, "0"},
		{"keepalive", "proxy.keepalive: 20", law.Mitigated, 20, 1, "0"},
		{"tw-reuse", "proxy.sysctls.net.ipv4.tcp_tw_reuse: 1", law.Mitigated, 0, 1, "1"},
		{"multi-ip", "backend.addresses: 3", law.Postponed, 0, 3, "0"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSetOverridesAnyField(t *testing.T) {
	s := load(t, "port-exhaustion")
	ports := func(v Variant) any { return v.Ports.N() }
	keepalive := func(v Variant) any { return v.Proxy.Keepalive }
	for _, c := range []struct {
		name string
		set  []string
		of   func(Variant) any
		want []any // per variant
	}{
		{"a size's field", []string{"size.ports=737"}, ports, []any{737, 737, 737, 737}},
		{"without the prefix", []string{"ports=737"}, ports, []any{737, 737, 737, 737}},
		{"the default range", []string{"size.ports=default"}, ports, []any{28232, 28232, 28232, 28232}},
		{"an explicit range", []string{"size.ports=1024-65535"}, ports, []any{64512, 64512, 64512, 64512}},
		{"the later of two", []string{"ports=1", "ports=2"}, ports, []any{2, 2, 2, 2}},
		{"over a variant's own overlay", []string{"proxy.keepalive=7"}, keepalive, []any{7, 7, 7, 7}},
		{"for one variant", []string{"variants.keepalive.proxy.keepalive=64"}, keepalive, []any{0, 64, 0, 0}},
		{
			name: "the narrow one wins in any order",
			set:  []string{"variants.multi-ip.proxy.keepalive=3", "proxy.keepalive=7"},
			of:   keepalive,
			want: []any{7, 7, 7, 3},
		},
		{
			name: "a sysctl, dots and all",
			set:  []string{"proxy.sysctls.net.ipv4.tcp_tw_reuse=2"},
			of:   func(v Variant) any { return v.Proxy.Sysctls["net.ipv4.tcp_tw_reuse"] },
			want: []any{"2", "2", "2", "2"},
		},
		{
			name: "an image with a tag",
			set:  []string{"proxy.image=nginx:1.22"},
			of:   func(v Variant) any { return v.Proxy.Image },
			want: []any{"nginx:1.22", "nginx:1.22", "nginx:1.22", "nginx:1.22"},
		},
		{
			name: "an image by digest",
			set:  []string{"proxy.image=reg.example:5000/n@sha256:00"},
			of:   func(v Variant) any { return v.Proxy.Image },
			want: []any{"reg.example:5000/n@sha256:00", "reg.example:5000/n@sha256:00", "reg.example:5000/n@sha256:00",
				"reg.example:5000/n@sha256:00"},
		},
		{
			name: "a fraction of a request per second",
			set:  []string{"size.rate=0.5"},
			of:   func(v Variant) any { return v.Rate },
			want: []any{.5, .5, .5, .5},
		},
		{
			name: "a duration",
			set:  []string{"size.duration=15s"},
			of:   func(v Variant) any { return v.Duration },
			want: []any{15 * time.Second, 15 * time.Second, 15 * time.Second, 15 * time.Second},
		},
		{
			name: "a mapping in braces",
			set:  []string{"load={connections: 3, stop: none}"},
			of:   func(v Variant) any { return fmt.Sprint(v.Load.Connections, v.Load.StopAfterError99) },
			want: []any{"3 <nil>", "3 <nil>", "3 <nil>", "3 <nil>"},
		},
		{
			name: "no early stop",
			set:  []string{"load.stop=none"},
			of:   func(v Variant) any { return v.Load.StopAfterError99 == nil },
			want: []any{true, true, true, true},
		},
		{
			name: "a value with an equals sign",
			set:  []string{"load.path=/a?b=c"},
			of:   func(v Variant) any { return v.Load.Path },
			want: []any{"/a?b=c", "/a?b=c", "/a?b=c", "/a?b=c"},
		},
		{
			name: "the expectation",
			set:  []string{"expect.verdict=predicted"},
			of:   func(v Variant) any { return v.Expect.Verdict },
			want: []any{"predicted", "predicted", "predicted", "predicted"},
		},
		{
			name: "the backend's keep-alive",
			set:  []string{"backend.keepalive=off"},
			of:   func(v Variant) any { return v.Backend.KeepAlive },
			want: []any{false, false, false, false},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []any
			for _, v := range resolve(t, s, "quick", c.set...).Variants {
				got = append(got, c.of(v))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestChangeFollowsSet(t *testing.T) {
	s := load(t, "port-exhaustion")
	r := resolve(t, s, "quick", "variants.keepalive.proxy.keepalive=64", "size.rate=91")
	if diff := cmp.Diff([]Change{{"proxy.keepalive", "64"}}, r.Variants[1].Changes); diff != "" {
		t.Error(diff)
	}
	if r.Variants[0].Changes != nil {
		t.Errorf("the baseline changes %v", r.Variants[0].Changes)
	}
}

func TestSetMistakesNameTheArgument(t *testing.T) {
	s := load(t, "port-exhaustion")
	for arg, want := range map[string]string{
		"size.port=8":                      `did you mean "ports"?`,
		"size.rate=0":                      "rate is 0, want more than 0",
		"size.rate=-3":                     "rate is -3, want more than 0",
		"size.rate=NaN":                    "rate is NaN",
		"size.rate":                        "want KEY=VALUE",
		"=3":                               "want KEY=VALUE",
		"size.ports=20000":                 "ports is 20000, want 1 to 12768",
		"size.ports=":                      "ports is empty",
		"size.duration=15":                 "did you mean 15s?",
		"proxy..keepalive=3":               "an empty name in the key",
		"proxy=3":                          "proxy is a plain value, want a mapping",
		"load.stop=nne":                    `did you mean "none"?`,
		"load={":                           "not valid YAML",
		"variants.keepaliv.proxy.x=1":      `did you mean "keepalive"?`,
		"variants.keepalive=1":             "names a variant but no field",
		"variants.baseline.proxy.colour=1": `unknown key "colour" in proxy`,
		"proxy.config=/nowhere/nginx.conf": "cannot read the configuration /nowhere/nginx.conf: no such file",
		"proxy.sysctls.net.ipv4.ip_local_port_range=1 2": "follows `ports`",
	} {
		_, err := s.Resolve("quick", []string{"load.timeout=4s", arg})
		if err == nil || !strings.HasPrefix(err.Error(), "--set "+arg+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("--set %s: want an error that names it and says %q, got:\n%v", arg, want, err)
		}
	}
}

func TestASizeCanOverlayOneVariant(t *testing.T) {
	r := resolve(t, load(t, "testdata/sizes.yaml"), "slow")
	got := []string{}
	for _, v := range r.Variants {
		got = append(got, fmt.Sprintf("%s %g/s %s", v.Name, v.Rate, v.Expect.Verdict))
	}
	if diff := cmp.Diff([]string{"a 5/s predicted", "b 5/s postponed"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestHashFollowsTheFilesAndNothingElse(t *testing.T) {
	s := load(t, "port-exhaustion")
	plain := resolve(t, s, "quick").Hash
	if other := resolve(t, s, "full", "size.rate=3").Hash; other != plain {
		t.Error("the hash changes with size and --set")
	}
	if other := resolve(t, s, "quick", "proxy.config=../lab/proxy/nginx/testdata/own/bare.conf").Hash; other == plain {
		t.Error("the hash does not change with a configuration")
	}
	if len(plain) != 64 {
		t.Errorf("not a SHA-256: %s", plain)
	}
}

// The file format is documented once, in the package comment: the example there
// must load, and a file that leaves everything out must mean the same.
func TestThePackageCommentShowsTheDefaults(t *testing.T) {
	text, _, err := readFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	own := files{fsys: builtin, dir: "port-exhaustion"}
	example, err := parseText(own, "doc.go", documented(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	minimal, err := parseText(own, "minimal", []byte("{apiVersion: lab99/v1, name: m, ports: 500, rate: 200, duration: "+
		"10s, variants: [{name: baseline}]}"))
	if err != nil {
		t.Fatal(err)
	}
	want, got := resolve(t, example, "quick").Variants[0], resolve(t, minimal, "").Variants[0]
	got.Proxy.Config, got.Backend.Config = want.Proxy.Config, want.Backend.Config // named, or the lab's: the same files
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Variant{}), cmpopts.IgnoreUnexported(ConfigFile{})); diff != "" {
		t.Errorf("documented (-), default (+):\n%s", diff)
	}
}

// documented is the example in the package comment.
func documented(source string) []byte {
	var example strings.Builder
	for line := range strings.Lines(source) {
		if code, ok := strings.CutPrefix(line, "//\t"); ok {
			example.WriteString(code)
		}
	}
	return []byte(example.String())
}

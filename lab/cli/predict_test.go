package cli

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios"
)

func predicts(t testing.TB, args ...string) (stdout string) {
	t.Helper()
	var out, talk bytes.Buffer
	if code := Main(append([]string{"predict"}, args...), strings.NewReader(""), &out, &talk); code != 0 {
		t.Fatalf("exit code %d: %s", code, talk.String())
	}
	return out.String()
}

// TestPredictReads holds the text against golden files.
func TestPredictReads(t *testing.T) {
	for name, args := range map[string]string{
		"default-range": "--ports 28232 --rate 900 --destinations 1",
		"one-worker":    "--rate 900 --workers 1",
		"slowed":        "--rate 500 --workers 1",
		"two-workers":   "--rate 2000 --workers 2",
		"random":        "--rate 440 --target-error-rate 1e-6",
		"quick":         "--ports 500 --rate 200",
		"slow-backend":  "--ports 100 --rate 60 --backend-ms 3000",
		"under-way":     "--ports 100 --rate 99 --concurrency 99 --close-share 0",
		"few-ports":     "--ports 10 --rate 20 --target-error-rate 1e-6",
		"random-lost":   "--rate 460 --target-error-rate 1e-6",
		"one-port":      "--ports 1 --rate 1",
		"the-race":      "--ports 1000 --rate 200 --close-share 0.45",
		"half-only":     "--rate 300",
		"quiet":         "--rate 100",
		"no-shortage":   "--rate 5000 --close-share 0",
		"classic":       "--rate 480 --time-wait 60s",
		"held-stream":   "--ports 1000 --rate 50 --protocol stream --hold 5s",
		"held-long":     "--ports 1000 --rate 50 --protocol websocket --hold 30s --closes server",
		"held-random":   "--ports 1000 --rate 50 --protocol websocket --hold 20s --closes server --target-error-rate 0.01",
		"kernel-5.15":   "--ports 4096 --rate 5000 --kernel 5.15",
		"kernel-el9":    "--rate 900 --kernel el9",
		"kernel-al2023": "--rate 900 --kernel al2023",
		"kernel-6.18":   "--rate 900 --kernel 6.18",
	} {
		t.Run(name, func(t *testing.T) {
			got := "$ lab99 predict " + args + "\n" + predicts(t, strings.Fields(args)...)
			golden.Compare(t, filepath.Join("testdata", "predict", name+".txt"), got)
		})
	}
}

// TestPredictCallsNothingAMitigationWhereNothingFails.
func TestPredictCallsNothingAMitigationWhereNothingFails(t *testing.T) {
	if text := predicts(t, "--rate", "231"); strings.Contains(text, "mitigated") {
		t.Errorf("at a rate that nothing fails at:\n%s", text)
	}
	if text := predicts(t, "--rate", "900"); !strings.Contains(text, "mitigated") {
		t.Error("at a rate that fails nothing mitigates")
	}
}

func TestPredictNamesTheLowerLimitFirst(t *testing.T) {
	text := predicts(t, "--ports", "28232", "--rate", "900")
	first, _, _ := strings.Cut(text, "\n")
	half, all := strings.Index(first, "231 requests/s"), strings.Index(first, "462 requests/s")
	if half < 0 || all < half {
		t.Errorf("the sentence is %q, want 231/s before 462/s", first)
	}
	if !strings.Contains(text, "28,232 / 60 = 470/s") {
		t.Error("the rule of thumb is not explained")
	}
}

// TestPredictAsJSON: the fields, and the figures of the example.
func TestPredictAsJSON(t *testing.T) {
	doc := predicts(t, "--ports", "28232", "--rate", "900", "--destinations", "1", "--json")
	if err := schematest.Predict(t, []byte(doc)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		law.SteadyState
		Mitigations map[string]law.SteadyState `json:"mitigations"`
	}
	if err := json.Unmarshal([]byte(doc), &got); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"first error 99", *got.FirstError99S, 28232.0 / 900},
		{"safe rate", *got.SafeRatePerS, 28232.0 / 61},
		{"cliff", *got.CliffS, 14116.0 / 900},
		{"cliff rate", *got.CliffRatePerS, 14116.0 / 61},
		{"three addresses' safe rate", *got.Mitigations["multi-ip"].SafeRatePerS, 3 * 28232.0 / 61},
		{"reuse's safe rate", *got.Mitigations["tw-reuse"].SafeRatePerS, 28232},
	} {
		if math.Abs(c.got-c.want) > 1e-9*c.want {
			t.Errorf("%s %g, want %g", c.what, c.got, c.want)
		}
	}
	for _, args := range []string{"--rate 5000 --close-share 0", "--rate 100", "--ports 1 --rate 1e6",
		"--rate 60 --ports 100 --backend-ms 3000 --workers 1 --target-error-rate 0.5"} {
		if err := schematest.Predict(t, []byte(predicts(t, append(strings.Fields(args), "--json")...))); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// TestPredictRefuses wants the flag, what was expected, and exit code 64.
func TestPredictRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"":                                      `--rate is missing`,
		"--rate 0":                              "--rate 0: requests per second, a number above 0",
		"--rate -3":                             "above 0",
		"--rate NaN":                            "above 0",
		"--rate Inf":                            "above 0",
		"--rate lots":                           "--rate lots: a number is expected",
		"--rate 9 --ports 0":                    "from 1 to 65535",
		"--rate 9 --ports 70000":                "from 1 to 65535",
		"--rate 9 --destinations 0":             "--destinations 0",
		"--rate 9 --sources 1000":               "--sources 1000",
		"--rate 9 --close-share 1.1":            "from 0",
		"--rate 9 --hold 5s":                    "--protocol stream or websocket is expected",
		"--rate 9 --hold -5s --protocol stream": "from 1ms to 24h",
		"--rate 9 --protocol stream":            "--hold is expected",
		"--rate 9 --closes server":              "--hold is expected",
		"--rate 9 --protocol gopher":            "one of " + strings.Join(scenarios.Protocols(), ", "),
		"--rate 9 --hold 5s --protocol stream --closes nobody": "client or server",
		"--rate 9 --target-error-rate 0":                       "between 0 and 1",
		"--rate 9 --target-error-rate 1":                       "between 0 and 1",
		"--rate 9 --backend-ms -1":                             "above 0 ms",
		"--rate 9 --concurrency 0":                             "--concurrency 0",
		"--rate 9 --concurrency 1 --backend-ms 1":              "--backend-ms and --concurrency exclude each other",
		"--rate 9 --workers 0":                                 "from 1",
		"--rate 9 --time-wait -1s":                             "such as 60s",
		"--rate 9 more":                                        `"more"`,
		"--rate 9 --port 3":                                    "predict -h",
		"--rate 9 --kernel 2.6": "--kernel 2.6: a kernel of the table is " +
			"expected, one of 4.18, 4.19, 5.4",
		"--rate 9 --kernel el7":       "el8, el9, el10, ubuntu20.04",
		"--rate 9 --kernel 6.1 --nat": "--kernel and --nat exclude each other",
	} {
		var out, talk bytes.Buffer
		code := Main(append([]string{"predict"}, strings.Fields(args)...), strings.NewReader(""), &out, &talk)
		if code != verdict.ExitUsage || !strings.Contains(talk.String(), want) || out.Len() > 0 {
			t.Errorf("predict %s: exit code %d, %q; want 64 and %q", args, code, talk.String(), want)
		}
	}
}

// BenchmarkPredict is where the formulas have most to sum up. The bar is 100 ms.
func BenchmarkPredict(b *testing.B) {
	for b.Loop() {
		predicts(b, "--ports", "64512", "--destinations", "16",
			"--rate", "60000", "--target-error-rate", "1e-6", "--json")
	}
}

// TestPredictForAKernel: the interval where reuse counts whole seconds, T by HZ, what
// the facts rest on, and nothing else for the kernel that the laws were measured on.
func TestPredictForAKernel(t *testing.T) {
	answer := func(args string) (p prediction) {
		t.Helper()
		doc := predicts(t, append(strings.Fields(args), "--json")...)
		if err := schematest.Predict(t, []byte(doc)); err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		if err := json.Unmarshal([]byte(doc), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, name := range ability.Names() {
		p := answer("--ports 4096 --rate 5000 --kernel " + name)
		reuse := p.Mitigations["tw-reuse"]
		k, _ := ability.Look(name)
		may, _ := k.WholeSeconds()
		if k.TwoSeconds() { // no tick comes back in between
			may = false
			if reuse.SteadyOKPerS != 2048 {
				t.Errorf("%s: %g connections a second with 4,096 in two", name, reuse.SteadyOKPerS)
			}
		}
		if p.Kernel == nil || p.Kernel.Name != name || (reuse.FirstError99LatestS != nil) != may {
			t.Errorf("%s: %+v, reuse %+v", name, p.Kernel, reuse.SteadyState)
		}
		if may && (math.Abs(*reuse.FirstError99LatestS-2*4096.0/5000) > 1e-9 || *reuse.OKBeforeError99Most != 8192) {
			t.Errorf("%s: error 99 by %g s after %d successes",
				name, *reuse.FirstError99LatestS, *reuse.OKBeforeError99Most)
		}
		if p.FirstError99LatestS != nil {
			t.Errorf("%s: an interval without reuse: %+v", name, p.SteadyState)
		}
	}
	if p := answer("--rate 900 --kernel ubuntu24.04"); math.Abs(*p.SafeRatePerS-28232.0/62) > 1e-9 ||
		p.Kernel.TimeWaitMostS != 64.096 {
		t.Errorf("with HZ=1000: safe up to %g/s, TIME_WAIT up to %g s", *p.SafeRatePerS, p.Kernel.TimeWaitMostS)
	}
	if p := answer("--rate 900 --kernel ubuntu24.04 --time-wait 60s"); math.Abs(*p.SafeRatePerS-28232.0/60) > 1e-9 {
		t.Errorf("with a time that is given: safe up to %g/s", *p.SafeRatePerS)
	}
	same, other := answer("--rate 900 --kernel 6.18"), answer("--rate 900")
	if *same.SafeRatePerS != *other.SafeRatePerS || *same.FirstError99S != *other.FirstError99S || other.Kernel != nil {
		t.Errorf("%+v on 6.18, and %+v without a kernel", same.SteadyState, other.SteadyState)
	}
}

// TestPredictForAKernelOnLoopback: the kernel's default of tcp_tw_reuse decides there.
func TestPredictForAKernelOnLoopback(t *testing.T) {
	for args, want := range map[string]string{
		"--kernel 4.18":            "tcp_tw_reuse of the host: 0, as by default of Linux 4.18",
		"--kernel 4.18 --ports 99": "all of them after 0.11 s",
		"--kernel 5.4":             "3.2 % of the tuples are held",
		// Its default is not known: as upstream's today, for two seconds.
		"--kernel el8":             "6.4 % of the tuples are held",
		"--kernel 6.1 --ports 500": "all of them after 0.56 to 1.11 s: this kernel gives all tuples back at each full second",
	} {
		t.Run(args, func(t *testing.T) {
			out, talk, code := inConf(t, "--config loopback.conf --nginx 1.26 --rate 900 "+args)
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("exit code %d, want %q:\n%s%s", code, want, out, talk)
			}
		})
	}
}

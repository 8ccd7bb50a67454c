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
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/verdict"
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
	for _, args := range []string{"--rate 5000 --close-share 0", "--rate 100", "--ports 1 --rate 1e6", "--rate 60 --ports 100 --backend-ms 3000 --workers 1 --target-error-rate 0.5"} {
		if err := schematest.Predict(t, []byte(predicts(t, append(strings.Fields(args), "--json")...))); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// TestPredictRefuses wants the flag, what was expected, and exit code 64.
func TestPredictRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"":                                        `--rate is missing`,
		"--rate 0":                                "--rate 0: requests per second, a number above 0",
		"--rate -3":                               "above 0",
		"--rate NaN":                              "above 0",
		"--rate Inf":                              "above 0",
		"--rate lots":                             "--rate lots: a number is expected",
		"--rate 9 --ports 0":                      "from 1 to 65535",
		"--rate 9 --ports 70000":                  "from 1 to 65535",
		"--rate 9 --destinations 0":               "--destinations 0",
		"--rate 9 --sources 1000":                 "--sources 1000",
		"--rate 9 --close-share 1.1":              "from 0",
		"--rate 9 --target-error-rate 0":          "between 0 and 1",
		"--rate 9 --target-error-rate 1":          "between 0 and 1",
		"--rate 9 --backend-ms -1":                "above 0 ms",
		"--rate 9 --concurrency 0":                "--concurrency 0",
		"--rate 9 --concurrency 1 --backend-ms 1": "--backend-ms and --concurrency exclude each other",
		"--rate 9 --workers 0":                    "from 1",
		"--rate 9 --time-wait -1s":                "such as 60s",
		"--rate 9 more":                           `"more"`,
		"--rate 9 --port 3":                       "predict -h",
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
		predicts(b, "--ports", "64512", "--destinations", "16", "--rate", "60000", "--target-error-rate", "1e-6", "--json")
	}
}

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
	"github.com/lab99/lab99/lab/verdict"
)

// asked are questions about the configurations in testdata/predict/conf, with
// the exit code; their answers are golden files.
var asked = map[string]struct {
	args string
	code int
}{
	"pool":             {"--config pool.conf --nginx 1.26 --rate 900", 0},
	"pool-too-small":   {"--config pool.conf --nginx 1.26 --rate 900 --backend-ms 100", 0},
	"pool-of-unknown":  {"--config auto-pool.conf --nginx 1.26 --rate 900 --backend-ms 50", 0},
	"race":             {"--config race.conf --nginx 1.26 --rate 900 --workers 8", 0},
	"both-releases":    {"--config race.conf --rate 900", 0},
	"weights":          {"--config weights.conf --nginx 1.26 --rate 200 --ports 500", 0},
	"weights-overrule": {"--config weights.conf --nginx 1.26 --rate 200 --ports 500 --destinations 3 --sources 2 --close-share 0.5", 0},
	"down":             {"--config down.conf --nginx 1.26 --rate 200 --ports 500", 0},
	"bind":             {"--config bind.conf --nginx 1.26 --rate 200 --ports 500", 0},
	"unix":             {"--config unix.conf --rate 900", 0},
	"spare-unix":       {"--config spare-unix.conf --nginx 1.26 --rate 200 --ports 500", 0},
	"half-unix":        {"--config half-unix.conf --nginx 1.26 --rate 200 --ports 500", 0},
	"all-down":         {"--config all-down.conf --nginx 1.26 --rate 900", verdict.ExitUnexpected},
	"udp":              {"--config udp.conf --rate 900 --host :53", verdict.ExitUndecided},
	"stream":           {"--config udp.conf --rate 200 --ports 500 --host :3306", 0},
	"fastcgi":          {"--config fastcgi.conf --nginx 1.26 --rate 900", 0},
	"loopback":         {"--config loopback.conf --nginx 1.26 --rate 900", 0},
	"nat":              {"--config weights.conf --nginx 1.26 --rate 5 --ports 64 --nat", 0},
	"not-proxied":      {"--config location.conf --rate 900", verdict.ExitUnexpected},
	"location":         {"--config location.conf --rate 900 --path /acc --nginx 1.22", 0},
	"redirect":         {"--config redirect.conf --rate 900 --host example.org --nginx 1.26", 0},
	"variable":         {"--config variable.conf --rate 200 --ports 500 --nginx 1.26 --host a.example.org", 0},
	"several":          {"--config several.conf --rate 200 --ports 500 --nginx 1.26", 0},
	"lua":              {"--config lua.conf --rate 200", verdict.ExitUnexpected},
	"balancer":         {"--config balancer.conf --rate 200 --nginx 1.26", verdict.ExitAsExpected},
	"undecided":        {"--config undecided.conf --rate 200", verdict.ExitUndecided},
	"hidden":           {"--config hidden.conf --rate 200 --ports 500 --nginx 1.26", 0},
	"ignored":          {"--config ignored.conf --rate 900 --path /app --nginx 1.26", 0},
	"ignored-path":     {"--config ignored.conf --rate 900 --path /more --nginx 1.26", verdict.ExitUnexpected},
	"auto":             {"--config auto.conf --rate 900 --nginx 1.26", 0},
}

func inConf(t *testing.T, args string) (out, talk string, code int) {
	t.Helper()
	t.Chdir("testdata/predict/conf")
	var o, e bytes.Buffer
	code = Main(append([]string{"predict"}, strings.Fields(args)...), strings.NewReader(""), &o, &e)
	return o.String(), e.String(), code
}

// TestPredictFromConfigurations holds the text against golden files, and JSON
// against its schema.
func TestPredictFromConfigurations(t *testing.T) {
	for name, a := range asked {
		t.Run(name, func(t *testing.T) {
			file, err := filepath.Abs(filepath.Join("testdata", "predict", "config-"+name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			out, talk, code := inConf(t, a.args)
			if code != a.code {
				t.Errorf("exit code %d, want %d: %s", code, a.code, talk)
			}
			golden.Compare(t, file, "$ lab99 predict "+a.args+"\n"+out+talk)
		})
		t.Run(name+"-json", func(t *testing.T) {
			out, talk, code := inConf(t, a.args+" --json")
			if code != a.code {
				t.Errorf("exit code %d, want %d: %s", code, a.code, talk)
			}
			if out == "" && a.code != 0 {
				return // nothing was predicted
			}
			if err := schematest.Predict(t, []byte(out)); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestPredictFigures: the file's own K, f, pool and shares.
func TestPredictFigures(t *testing.T) {
	const never, race = -1, -1
	for name, want := range map[string]struct {
		tuples, sources, destinations, keepalive, tries int
		first, f                                        float64
	}{
		"pool":             {28232, 1, 1, 16, 1, never, 1},
		"race":             {28232, 1, 1, 0, 1, 31.37, race},
		"weights":          {555, 1, 2, 0, 2, 2.78, 1}, // measured: 2.86 s
		"weights-overrule": {3000, 2, 3, 0, 2, 30, 0.5},
		"down":             {500, 1, 1, 0, 1, 2.5, 1},
		"bind":             {1000, 2, 1, 0, 1, 5, 1},
		"half-unix":        {500, 1, 1, 0, 1, 5, 1},
		"fastcgi":          {28232, 1, 1, 0, 1, never, 0},
		"loopback":         {28232, 1, 1, 0, 1, never, 1},
		"variable":         {500, 1, 1, 0, 1, 2.5, 1},
		"stream":           {500, 1, 1, 0, 1, 2.5, 1},
		"hidden":           {500, 1, 1, 0, 1, 2.5, 1},
	} {
		t.Run(name, func(t *testing.T) {
			out, talk, _ := inConf(t, asked[name].args+" --json")
			var got prediction
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%v: %s", err, talk)
			}
			rounded := func(x *float64) float64 {
				if x == nil {
					return -1
				}
				return math.Round(100**x) / 100
			}
			r := got.Route
			if got.Tuples != want.tuples || r.Sources != want.sources || r.Destinations != want.destinations ||
				r.Keepalive != want.keepalive ||
				r.Tries != want.tries || rounded(got.FirstError99S) != want.first || rounded(r.CloseShare) != want.f {
				t.Errorf("K %d, S %d, D %d, pool %d, tries %d, first error 99 %g, f %g; want %+v",
					got.Tuples, r.Sources, r.Destinations, r.Keepalive, r.Tries, rounded(got.FirstError99S), rounded(r.CloseShare), want)
			}
		})
	}
}

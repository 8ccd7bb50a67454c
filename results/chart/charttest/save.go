package charttest

import (
	"cmp"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/results"
)

// Save writes a run below root the way the lab does and returns its directory.
func Save(t testing.TB, root string, run *results.Run) string {
	t.Helper()
	s := &results.Store{Dir: filepath.Join(root, filepath.Base(run.Dir))}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.WriteJSON(results.PlanFile, run.Plan))
	must(s.WriteJSON(results.EnvFile, run.Env))
	must(s.WriteJSON(results.SummaryFile, run.Summary))
	for _, v := range run.Variants {
		samples, err := s.AppendLines(path.Join(v.Name, results.SamplesFile))
		must(err)
		for _, sample := range v.Samples {
			samples.Write(sample)
		}
		must(samples.Close())
		events, err := s.AppendLines(path.Join(v.Name, results.EventsFile))
		must(err)
		for _, e := range v.Events {
			events.Write(e)
		}
		must(events.Close())
		for name, h := range map[string]*hdrhistogram.Histogram{
			results.LatencyFile:       v.Latency,
			results.LatencyOKFile:     v.LatencyOK,
			results.LatencyFailedFile: v.LatencyFailed,
			results.ServiceFile:       v.Service,
		} {
			if h != nil {
				b, err := results.EncodeLatency(h, results.FromIntended, 0, 1000)
				must(err)
				must(s.WriteFile(path.Join(v.Name, name), b))
			}
		}
		for name, text := range map[string]string{
			cmp.Or(v.ProxyFile, results.NginxFile):   v.ProxyConf,
			cmp.Or(v.BackendFile, results.HttpdFile): v.BackendConf,
		} {
			if text != "" {
				must(s.WriteFile(path.Join(v.Name, name), []byte(text)))
			}
		}
		if len(v.LogExcerpt) > 0 {
			must(s.WriteFile(path.Join(v.Name, results.LogFile), []byte(strings.Join(v.LogExcerpt, "\n")+"\n")))
		}
	}
	return s.Dir
}

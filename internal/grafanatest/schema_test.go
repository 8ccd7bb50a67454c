package grafanatest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// boards are all that the tree has: of runs, and of diagnose --listen.
func boards(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for _, pattern := range []string{"../../results/monitoring/*/grafana-dashboard.json",
		"../../results/example/*/monitoring/grafana-dashboard.json"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found[name] = text
		}
	}
	if len(found) < 4 {
		t.Fatalf("%d dashboards are found", len(found))
	}
	return found
}

// strict reads a dashboard: no field that Grafana has not, none of another type, none left
// out that it needs; panels, their options and queries included.
func strict(text []byte) error {
	var d dashboard.Dashboard
	err := d.UnmarshalJSONStrict(text)
	if none := (cog.BuildErrors)(nil); errors.As(err, &none) && len(none) == 0 {
		err = nil // it returns an empty list where nothing is wrong
	}
	return errors.Join(err, d.Validate())
}

func TestMain(m *testing.M) {
	plugins.RegisterDefaultPlugins() // what knows the options of panels and the queries of data sources
	os.Exit(m.Run())
}

func TestDashboardsAreGrafanas(t *testing.T) {
	for name, text := range boards(t) {
		if err := strict(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatIsWrongIsSeen: each of these is refused, so that the schema says something.
func TestWhatIsWrongIsSeen(t *testing.T) {
	for what, change := range map[string]func(panel map[string]any){
		"a field of a panel that is none":     func(p map[string]any) { p["colour"] = "red" },
		"an option of the panel that is none": func(p map[string]any) { p["options"].(map[string]any)["legends"] = true },
		"a mode of the legend of the wrong type": func(p map[string]any) {
			p["options"].(map[string]any)["legend"].(map[string]any)["displayMode"] = 3
		},
		"a field of a query that is none": func(p map[string]any) { p["targets"].([]any)[0].(map[string]any)["expression"] = "up" },
		"an option of its lines that is none": func(p map[string]any) {
			p["fieldConfig"].(map[string]any)["defaults"].(map[string]any)["custom"].(map[string]any)["axis"] = "left"
		},
		"a place without a width": func(p map[string]any) { delete(p["gridPos"].(map[string]any), "w") },
	} {
		for name, text := range boards(t) {
			var d map[string]any
			if err := json.Unmarshal(text, &d); err != nil {
				t.Fatal(err)
			}
			change(d["panels"].([]any)[1].(map[string]any))
			changed, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if err := strict(changed); err == nil || !strings.Contains(err.Error(), "panels") {
				t.Errorf("%s: %s is taken: %v", name, what, err)
			}
		}
	}
}

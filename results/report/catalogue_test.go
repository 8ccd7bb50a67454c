package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/results"
)

// TestIndex: a link to each report, and the reason where something is not as
// expected.
func TestIndex(t *testing.T) {
	yes, no := true, false
	c := results.Catalogue{
		Schema: results.CatalogueSchema, Size: "quick", Driver: "netns", StartedUTC: "2026-11-23T09:00:00Z",
		EstimateS: 62, TookS: 58.4, AsExpected: &no, ExitCode: 3, Asked: 5, Partial: true,
		Scenarios: []results.CatalogueRow{{
			Name:       "backend-ports",
			Kind:       "mitigation",
			Title:      "three ports",
			Run:        "20261123-090000-backend-ports-quick",
			Reported:   true,
			AsExpected: &yes,
			TookS:      14.2,
			Finding:    "It held.",
			Asked:      2,
			Variants: []results.CatalogueVariant{
				{Name: "baseline", Verdict: "reproduced", Expected: "reproduced", AsExpected: &yes},
				{Name: "three-ports", Verdict: "postponed", Expected: "postponed", AsExpected: &yes},
			},
		}, {
			Name:       "myth-reuseport",
			Kind:       "myth",
			Title:      "myth",
			Run:        "20261123-090014-myth-reuseport-quick",
			AsExpected: &no,
			ExitCode:   1,
			TookS:      11,
			Finding:    "It did not.",
			Asked:      2,
			Variants: []results.CatalogueVariant{{
				Name:     "baseline",
				Verdict:  "invalid",
				Expected: "reproduced",
				Why:      "the generator was late",
			}},
		}, {
			Name:       "tw-reuse-ceiling",
			Kind:       "mitigation",
			Title:      "a ceiling",
			Run:        "20261123-090030-tw-reuse-ceiling-quick",
			Reported:   true,
			AsExpected: &yes,
			TookS:      9,
			Finding:    "It had one.",
			Asked:      1,
			Variants: []results.CatalogueVariant{{
				Name:       "off",
				Verdict:    "reproduced",
				Expected:   "reproduced",
				AsExpected: &yes,
			}},
			Skipped: []results.SkippedVariant{{Name: "shorter-delay",
				Why: "Linux 5.10 has no net.ipv4.tcp_tw_reuse_delay in a network namespace"}},
		}, {
			Name:     "nginx-upgrade",
			Kind:     "mitigation",
			Title:    "upgrade",
			ExitCode: 3,
			Asked:    6,
			Error:    "no image\nanywhere",
			Variants: []results.CatalogueVariant{},
		}},
	}
	store := &results.Store{Dir: t.TempDir()}
	if err := WriteIndex(store, c); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(store.Dir, results.IndexFile))
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/index.md", got)
}

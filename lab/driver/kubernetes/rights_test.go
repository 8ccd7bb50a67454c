package kubernetes

import (
	"strings"
	"testing"
)

// TestRightsAreFew: what a cluster's owner has to read is twelve verbs, each at its least.
func TestRightsAreFew(t *testing.T) {
	n := 0
	for _, r := range rights {
		for verb := range strings.SplitSeq(r.verbs, ", ") {
			n++
			switch verb {
			case "get", "list", "watch", "create", "delete":
			default:
				t.Errorf("%s %s", verb, r.resource)
			}
		}
	}
	if n > 12 {
		t.Errorf("%d verbs", n)
	}
}

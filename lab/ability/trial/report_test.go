package trial

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/ability"
)

func TestReport(t *testing.T) {
	hz, ns, yes := 250, 112.9, true
	found := ability.Found{
		HZ:             &hz,
		ScanTimeWaitNs: &ns,
		InetDiag:       &yes,
		Unknown:        map[string]string{"openat2": "not\npermitted"},
	}
	b, err := json.Marshal(NewReport("6.1.0", found))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"schema":"lab99/abilities/v1","kernel":"6.1.0",` +
		`"abilities":{"scan_time_wait_ns":112.9,"hz":250,"inet_diag":true},"unknown":{"openat2":"not permitted"}}`
	if string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	found.Unknown["openat2"] = "not permitted"
	if got := r.Found(); !reflect.DeepEqual(got, found) {
		t.Errorf("read back %+v, want %+v", got, found)
	}
	for _, r := range []Report{r, NewReport("", ability.Nothing("no kernel"))} {
		doc, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := schematest.Abilities(t, doc); err != nil {
			t.Error(err)
		}
	}
}

// TestTheSchemaHasEveryAbility, and no other.
func TestTheSchemaHasEveryAbility(t *testing.T) {
	for _, a := range ability.All {
		doc := `{"schema":"lab99/abilities/v1","kernel":"","abilities":{"` + a.ID + `":"neither a figure nor ` +
			`yes or no"},"unknown":{}}`
		err := schematest.Abilities(t, []byte(doc))
		if err == nil || !strings.Contains(err.Error(), "/abilities/"+a.ID) {
			t.Errorf("%s is not in the schema: %v", a.ID, err)
		}
	}
}

func TestReportOfAContainer(t *testing.T) {
	f, kernel, err := InContainer([]byte(`{"schema":"lab99/abilities/v1","kernel":"6.1.0",` +
		`"abilities":{"hz":250,"user_namespaces":false},"unknown":{}}`))
	if err != nil || kernel != "6.1.0" || *f.HZ != 250 || f.UserNamespaces != nil ||
		!strings.Contains(f.Unknown["user_namespaces"], "container") {
		t.Errorf("%+v, %v", f, err)
	}
	if _, _, err := InContainer([]byte("exec format error")); err == nil {
		t.Error("an error was taken for a report")
	}
}

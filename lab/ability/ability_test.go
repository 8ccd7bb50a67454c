package ability

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// TestEveryFieldIsAnAbility: an ability that is stored and not listed would be in
// no report.
func TestEveryFieldIsAnAbility(t *testing.T) {
	listed := map[string]bool{}
	for _, a := range All {
		if listed[a.ID] {
			t.Errorf("%s is listed twice", a.ID)
		}
		listed[a.ID] = true
		if a.Name == "" || a.Tried == "" || (a.is == nil) == (a.figure == nil) || (a.is != nil) != (a.Otherwise != "") {
			t.Errorf("%s lacks its words, or is both a figure and none", a.ID)
		}
	}
	typ := reflect.TypeFor[Found]()
	for i := range typ.NumField() {
		id, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if id == "unknown" {
			continue
		}
		a, ok := Of(id)
		if !ok {
			t.Errorf("%s is stored and not listed", id)
			continue
		}
		var f Found
		if a.Known(f) {
			t.Errorf("%s is known of nothing", id)
		}
		reflect.ValueOf(&f).Elem().Field(i).Set(reflect.New(typ.Field(i).Type.Elem()))
		if !a.Known(f) {
			t.Errorf("%s is listed, and reads another field", id)
		}
		delete(listed, id)
	}
	for id := range listed {
		t.Errorf("%s is listed and not stored", id)
	}
}

// here is this kernel's, 6.18.
func here() Found {
	yes, no := new(true), new(false)
	return Found{
		TimeWaitCountedAtCreation: yes, ReuseCountsWholeSeconds: no, TwReuseDelay: yes, LocalPortRange: yes,
		LocalPortRangeRemovesStep: yes, PortStepWidth: no, ScanTimeWaitNs: new(113.0), ScanEstablishedNs: new(27.5),
		ScanPorts: new(4096), HZ: new(250), EpollPwait2: yes, MountSetattr: yes, Openat2: yes, UserNamespaces: yes,
		InetDiag: yes, SockDestroy: yes,
	}
}

// TestFindings: where a kernel is as the laws were measured nothing is to be said; an
// absence says what is done then, and what is not known says why.
func TestFindings(t *testing.T) {
	for _, l := range here().Findings() {
		if !l.Usual || l.Otherwise != "" {
			t.Errorf("%+v", l)
		}
	}
	old := here()
	old.TimeWaitCountedAtCreation, old.ReuseCountsWholeSeconds, old.HZ = new(false), new(true), nil
	old.Unknown = map[string]string{"hz": "no timer\nwas seen to move"}
	want := map[string]struct{ value, otherwise string }{
		"time_wait_counted_at_creation": {"no", "TW, TWKilled, TWRecycled"},
		"reuse_counts_whole_seconds":    {"yes", "interval"},
		"hz":                            {"unknown: no timer was seen to move", "6.18"},
		"scan_time_wait_ns":             {"113 ns", ""},
		"scan_ports":                    {"4,096", ""},
	}
	for _, l := range old.Findings() {
		w, ok := want[l.ID]
		if !ok {
			if !l.Usual {
				t.Errorf("%+v", l)
			}
			continue
		}
		if l.Value != w.value || !strings.Contains(l.Otherwise, w.otherwise) || (w.otherwise == "") != (l.Otherwise == "") {
			t.Errorf("got %+v, want %+v", l, w)
		}
	}
}

// TestWhereReuseIsNotKnown: without a sysctl for the delay the laws take the worse.
func TestWhereReuseIsNotKnown(t *testing.T) {
	f := here()
	f.ReuseCountsWholeSeconds = nil
	for delay, want := range map[bool]string{true: asMeasured, false: eitherWay} {
		f.TwReuseDelay = &delay
		for _, l := range f.Findings() {
			if l.ID == reuseClock.ID && l.Otherwise != want {
				t.Errorf("a delay: %v: %q, want %q", delay, l.Otherwise, want)
			}
		}
	}
}

// TestJSON: an absent key is what is not known.
func TestJSON(t *testing.T) {
	b, err := json.Marshal(Found{HZ: new(100), InetDiag: new(false), ScanEstablishedNs: new(0.0)})
	if got, want := string(b), `{"scan_established_ns":0,"hz":100,"inet_diag":false}`; got != want || err != nil {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if n := Nothing("no kernel"); len(n.Unknown) != len(All) {
		t.Errorf("%+v", n)
	}
}

// TestCache: what was found is recalled for the same boot, kernel and privilege, and
// for no other.
func TestCache(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	k := Key{cacheFormat, "b5f2", "6.18.5", true}
	if _, ok := Recall(k); ok {
		t.Error("something was recalled from an empty cache")
	}
	Keep(k, here())
	if got, ok := Recall(k); !ok || !reflect.DeepEqual(got, here()) {
		t.Errorf("recalled %+v, %v", got, ok)
	}
	for name, change := range map[string]func(*Key){
		"boot": func(k *Key) { k.Boot = "0000" }, "kernel": func(k *Key) { k.Kernel = "6.18.6" },
		"privilege": func(k *Key) { k.Root = false }, "format": func(k *Key) { k.Format++ },
	} {
		other := k
		change(&other)
		if _, ok := Recall(other); ok {
			t.Errorf("recalled for another %s", name)
		}
	}
	t.Setenv("XDG_CACHE_HOME", "/dev/null")
	Keep(k, here()) // nowhere
	if _, ok := Recall(k); ok {
		t.Error("something was recalled from nowhere")
	}
}

// TestWhatLasts: what a module or a privilege may change before the next boot is
// not kept.
func TestWhatLasts(t *testing.T) {
	if !here().Lasts() {
		t.Error("this kernel's does not last")
	}
	built := here() // without CONFIG_INET_DIAG_DESTROY
	if built.SockDestroy = new(false); !built.Lasts() {
		t.Error("what the kernel was built without is tried again with every run")
	}
	for name, change := range map[string]func(*Found){
		"no module":    func(f *Found) { f.InetDiag = new(false) },
		"no privilege": func(f *Found) { f.SockDestroy, f.Unknown = nil, map[string]string{"sock_destroy": "not permitted"} },
		"a sysctl":     func(f *Found) { f.UserNamespaces = new(false) },
		"a busy time":  func(f *Found) { f.HZ, f.Unknown = nil, map[string]string{"hz": "no timer moved"} },
	} {
		f := here()
		if change(&f); f.Lasts() {
			t.Errorf("%s lasts", name)
		}
	}
}

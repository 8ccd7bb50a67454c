package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// TestOwnConfigurations runs files as people have them. What they do with the
// load is predicted from the file, and measured; what says nothing of ports gets
// no verdict about them.
func TestOwnConfigurations(t *testing.T) {
	share(t, "netns", manyLabs)
	type outcome struct {
		verdict string
		firstS  float64 // predicted; 0: none
		says    string
	}
	outcomes := map[string]outcome{
		"bare":    {law.Reproduced, 1, ""},
		"works":   {law.Mitigated, 0, ""},
		"inert":   {law.Reproduced, 1, "nginx closed"}, // a race: later, with the f that came
		"weights": {law.Postponed, 1.11, ""},
		"group":   {law.Postponed, 3, ""},
		"socket":  {law.Mitigated, 0, ""},
		"hidden":  {law.Reproduced, 1, "hidden.conf:6: error_page 502 =200 @sorry keeps failures from clients"},
		// The first, and those that come before it is answered: nginx has no proxy_cache_lock there.
		"cached":    {law.Invalid, 1, " of 250 requests reached the backend: testdata/own/cached.conf:5: proxy_cache z"},
		"elsewhere": {law.Invalid, 0, "--set load.path=/api/"},
		"asked":     {law.Reproduced, 1, ""},
		"bound":     {law.Postponed, 2, ""},
		"part":      {law.Reproduced, 1, ""},
		"tls":       {law.Mitigated, 0, ""},
		"tls-each":  {law.Reproduced, 1, "nginx closed"},
	}
	disturbed := func(v results.Variant) bool {
		return v.Verdict == law.Invalid && outcomes[v.Name].verdict != law.Invalid
	}
	i := startOn(t, "netns", "run", "testdata/own", "--parallel", "2")
	i.wait(t, "2") // two say nothing of ports
	s := i.summary(t)
	if slices.ContainsFunc(s.Variants, disturbed) {
		t.Logf("disturbed, and so made once more:\n%s", i.stdout.String())
		i = startOn(t, "netns", "run", "testdata/own", "--parallel", "2")
		i.wait(t, "2")
		s = i.summary(t)
	}
	for name, want := range outcomes {
		v := s.Variant(name)
		if v == nil {
			t.Errorf("%s has no row", name)
			continue
		}
		if v.Verdict != want.verdict || !strings.Contains(v.Why, want.says) {
			t.Errorf("%s is %s (%s), want %s that says %q", name, v.Verdict, v.Why, want.verdict, want.says)
		}
		first := 0.0
		if at := v.Predicted.FirstError99S; at != nil {
			first = *at
		}
		if v.Predicted.GivenShare == nil && math.Abs(first-want.firstS) > 0.001 {
			t.Errorf("%s: error 99 predicted after %.3f s, want %.3f s", name, first, want.firstS)
		}
		if want.verdict == law.Reproduced && (v.FirstError == nil || math.Abs(*v.FirstError-first) > 0.02*first+0.03) {
			t.Errorf("%s: first error 99 after %v s, predicted %.3f s", name, v.FirstError, first)
		}
	}
	i.nothingLeft(t)
}

// TestOwnKinds runs files of other kinds than nginx and HAProxy as people have them, each
// kind with a connection for each request and with its pool.
func TestOwnKinds(t *testing.T) {
	share(t, "netns", manyLabs)
	ownKinds(t, func() *invocation {
		return startOn(t, "netns", "run", "testdata/own-kinds", "--parallel", "2")
	})
}

// ownKinds holds runs of own-kinds to what its files say. What they do is predicted from
// them: with f = 1 when error 99 comes, in a race with the f that came.
func ownKinds(t *testing.T, start func() *invocation) {
	t.Helper()
	settled := map[string]results.Variant{}
	for range 3 {
		i := start()
		i.cmd.Wait() // what is invalid is judged below
		s := i.summary(t)
		i.nothingLeft(t)
		for _, v := range s.Variants {
			open := v.Verdict == law.Invalid || v.Verdict == law.Inconclusive && !strings.HasSuffix(v.Name, "-pool")
			if _, done := settled[v.Name]; !done && !open {
				settled[v.Name] = v
			}
		}
		if len(settled) == len(s.Variants) {
			break
		}
		t.Logf("disturbed, and so made once more:\n%s", i.stdout.String())
	}
	for _, v := range settled {
		want := law.Reproduced
		if strings.HasSuffix(v.Name, "-pool") {
			want = law.Mitigated
		}
		if v.Verdict != want || v.AsExpected == nil || !*v.AsExpected {
			t.Errorf("%s is %s (%s), want %s", v.Name, v.Verdict, v.Why, want)
			continue
		}
		first, seen := v.Predicted.FirstError99S, v.FirstError
		if want == law.Mitigated {
			continue
		}
		if first == nil || seen == nil {
			t.Errorf("%s: error 99 has no moment", v.Name)
			continue
		}
		early, late := law.Tolerance(*first), law.Tolerance(*first)
		if f := v.Predicted.GivenShare; f != nil {
			// While a server pauses, requests hold ports of which the proxy would have kept f in
			// TIME_WAIT. The judge lets pauses pass of up to 100 ms.
			early += 0.1 * (1 - *f) / *f
		}
		if *seen < *first-early || *seen > *first+late {
			t.Errorf("%s: first error 99 after %.3f s, predicted %.3f s, less %.0f ms at most",
				v.Name, *seen, *first, 1000*early)
		}
	}
	if len(settled) != 2*4 {
		t.Errorf("%d of 8 variants have a verdict", len(settled))
	}
}

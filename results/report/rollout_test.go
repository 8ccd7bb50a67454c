package report

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
	"github.com/lab99/lab99/scenarios"
)

// TestEveryChangeOfTheCatalogueHasItsCard: what a variant changes is known, or
// is the load's.
func TestEveryChangeOfTheCatalogueHasItsCard(t *testing.T) {
	load := regexp.MustCompile(`^(rate|duration|load\..*|backend\.kind): `)
	used := map[string]bool{}
	for _, name := range scenarios.Names() {
		s, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Resolve("quick", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range r.Variants {
			for _, c := range v.Change() {
				switch known := cardOf(c); {
				case known != nil:
					used[known.path] = true
				case !load.MatchString(c):
					t.Errorf("%s, variant %s: no card for %q", name, v.Name, c)
				}
			}
		}
	}
	if len(used) < 15 {
		t.Errorf("the catalogue used %d cards: the test shows little", len(used))
	}
	for _, c := range cards {
		if c.Name == "" || c.Does == "" || c.Watch == "" ||
			c.Where.Host != "" && (c.Risk == "" || c.RollBack == "" || c.Where.Container == "" || c.Where.Pod == "") {
			t.Errorf("the card of %s is not filled in", c.path)
		}
	}
}

func TestTheChangeIsShownExactly(t *testing.T) {
	run := charttest.Quick()
	run.Env.Variants[2].Hosts["proxy"].Sysctls["net.ipv4.tcp_tw_reuse"] = "1"
	p := newPage(run, figures(t, run))
	got := map[string]string{}
	for _, r := range p.Rollouts() {
		for _, e := range r.Edits {
			var lines []string
			for _, l := range e.Lines {
				if l.Op != ' ' {
					lines = append(lines, l.Mark())
				}
			}
			got[r.Name+", "+e.Name] = strings.Join(lines, "\n")
		}
	}
	want := map[string]string{
		"keepalive, nginx.conf": "+upstream lab99 {\n+    server 198.18.0.3:8080 max_fails=0;\n" +
			"+    keepalive 20;\n+}\n-    proxy_pass http://198.18.0.3:8080;\n+    proxy_pass http://lab99;",
		"tw-reuse, sysctls of the proxy": "-net.ipv4.tcp_tw_reuse = 0\n+net.ipv4.tcp_tw_reuse = 1",
		"multi-ip, sysctls of the proxy": "-net.ipv4.ip_local_port_range = 20000 20499\n" +
			"+net.ipv4.ip_local_port_range = 20000 21499",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestADifferenceHoldsBothTexts: from the lines shown either text can be had
// again, whatever they are.
func TestADifferenceHoldsBothTexts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		var b strings.Builder
		for range rnd.IntN(30) {
			b.WriteString(string(rune('a'+rnd.IntN(6))) + "\n")
		}
		return b.String() + "end\n"
	}
	for range 2000 {
		before, after := text(), text()
		var was, is strings.Builder
		for _, l := range whole(before, after) {
			if l.Op != '+' {
				was.WriteString(l.Text + "\n")
			}
			if l.Op != '-' {
				is.WriteString(l.Text + "\n")
			}
		}
		if was.String() != before || is.String() != after {
			t.Fatalf("before %q\nshown  %q\nafter  %q\nshown  %q", before, was.String(), after, is.String())
		}
		if same := before == after; same != (difference(before, after) == nil) {
			t.Fatalf("%q and %q: the difference is %v", before, after, difference(before, after))
		}
	}
}

// TestTheAlertRulesAreRules: Prometheus itself reads them.
func TestTheAlertRulesAreRules(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool here: Debian's package prometheus has it")
	}
	_, md := pagesOf(t, "quick")
	_, rest, _ := strings.Cut(md, "```yaml\n")
	rules, _, there := strings.Cut(rest, "```")
	if !there || !strings.Contains(rules, "{{ $labels.instance }}") {
		t.Fatalf("no rules in the draft: %q", rules)
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "check", "rules", file).CombinedOutput(); err != nil ||
		!strings.Contains(string(out), "3 rules found") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestCardsOfOtherKinds are filled in, and speak of no nginx.
func TestCardsOfOtherKinds(t *testing.T) {
	all := slices.Clone(policyCards)
	for _, c := range otherWords {
		all = append(all, *c.or(cardOf(c.path)))
	}
	for _, c := range all {
		said := fmt.Sprint(c.Name, c.Does, c.Where, c.Risk, c.RollBack, c.Watch)
		if strings.Contains(said, "nginx") {
			t.Errorf("the card of %s speaks of nginx: %s", c.path, said)
		}
		if c.Name == "" || c.Does == "" || c.Watch == "" ||
			c.Where.Host != "" && (c.Risk == "" || c.RollBack == "" || c.Where.Container == "" || c.Where.Pod == "") {
			t.Errorf("the card of %s is not filled in", c.path)
		}
	}
	if c := cardFor("backend.addresses: 3", "HAProxy", "", false); c == nil || c.path != "backend.addresses" ||
		strings.Contains(c.Risk, "nginx") {
		t.Errorf("HAProxy with three backends: %+v", c)
	}
	if c := cardFor("backend.addresses: 3", "nginx", "", false); c == nil || !strings.Contains(c.Risk, "nginx") {
		t.Errorf("nginx with three backends: %+v", c)
	}
}

// TestThePoolOfAProtocol is in the words that were registered for it, never in those for HTTP.
func TestThePoolOfAProtocol(t *testing.T) {
	results.RegisterPool("tiny", results.Pool{Lines: "one line for tiny_pass", Risk: "None to speak of."})
	of := func(protocol string) *card { return cardFor("proxy.keepalive: 20", results.Nginx, protocol, false) }
	if c := of("tiny"); c == nil || !strings.Contains(c.Where.Host, "nginx.conf: one line for tiny_pass") ||
		c.Risk != "None to speak of." || c.Does == "" {
		t.Errorf("tiny: %+v", c)
	}
	if c := of("unheard-of"); c != nil {
		t.Errorf("a protocol of which nothing is known: %+v", c)
	}
	for _, http := range []string{"", "http"} {
		if c := of(http); c == nil || !strings.Contains(c.Where.Host, "proxy_http_version 1.1;") {
			t.Errorf("%q: %+v", http, c)
		}
	}
}

package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/lab99/lab99/internal/schematest"
)

const (
	goLine    = "dial tcp 10.0.0.7:80: connect: cannot assign requested address"
	nginxLine = `2026/11/23 04:42:27 [crit] 7#7: *42 connect() to 10.0.0.7:80 failed (99: ` +
		`Cannot assign requested address) while connecting to upstream, client: 1.2.3.4, server: , ` +
		`request: "GET / HTTP/1.1", ` +
		`upstream: "http://10.0.0.7:80/", host: "lab"`
)

// wrapped is one line in what programs put around it, and the time that it then
// has. The forms are those of Docker 20.10's json-file, kubectl 1.30, CRI's
// log format (k8s.io/cri-api), docker compose 2, systemd 252 (-o json, -o short)
// and RFC 5424.
var wrapped = []struct{ line, time string }{
	{goLine, ""},
	{goLine + "\r\n", ""},
	{"\x1b[31m" + goLine + "\x1b[0m", ""},
	{"\x1b]0;title\x07\x1b[1;38;5;196mdial tcp \x1b[4m10.0.0.7:80\x1b[24m: connect: cannot assign requested address\x1b[m",
		""},
	{`{"log":"` + goLine + `\n","stream":"stderr","time":"2026-11-23T04:42:27.123456789Z"}`,
		"2026-11-23T04:42:27.123456789Z"},
	{`{"__REALTIME_TIMESTAMP":"1764000000123456","SYSLOG_IDENTIFIER":"web","_PID":"812","MESSAGE":"` + goLine + `"}`,
		"1764000000123456"},
	{`{"__REALTIME_TIMESTAMP":"1764000000123456","MESSAGE":` + numbers("\x1b[31m"+goLine) + `}`, "1764000000123456"},
	{"[pod/web-7d4b9/app] " + goLine, ""},
	{"[pod/web-7d4b9/app] 2026-11-23T04:42:27.123456789Z " + goLine, "2026-11-23T04:42:27.123456789Z"},
	{"2026-11-23T04:42:27.123456789+01:00 stderr F " + goLine, "2026-11-23T04:42:27.123456789+01:00"},
	{"web-1  | " + goLine, ""},
	{
		"web-1  | {\"level\":\"error\",\"time\":\"2026-11-23T04:42:27Z\",\"error\":\"" + goLine + "\",\"message\":\"request failed\"}",
		"2026-11-23T04:42:27Z",
	},
	{"Nov 23 04:42:27 host web[812]: " + goLine, "Nov 23 04:42:27"},
	{"<11>1 2026-11-23T04:42:27.123Z host web 812 - - " + goLine, "2026-11-23T04:42:27.123Z"},
	{"2026/11/23 04:42:27 " + goLine, "2026/11/23 04:42:27"},
	{"2026-11-23 04:42:27,123 ERROR " + goLine, "2026-11-23 04:42:27,123"},
	// A journal around Docker's JSON around the program's own.
	{`{"MESSAGE":"{\"log\":\"{\\\"msg\\\":\\\"` + goLine + `\\\"}\\n\",\"time\":\"2026-11-23T04:42:27Z\"}"}`,
		"2026-11-23T04:42:27Z"},
}

func numbers(s string) string {
	var all []string
	for _, c := range []byte(s) {
		all = append(all, strconv.Itoa(int(c)))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestUnwraps(t *testing.T) {
	for _, c := range wrapped {
		e, ok := explain(unwrap(c.line))
		if !ok || e.short() != "ports Go connect EADDRNOTAVAIL 10.0.0.7:80" || e.Time != c.time {
			t.Errorf("%q\nis %t, %+v at %q; want the time %q", c.line, ok, e.Reading, e.Time, c.time)
		}
	}
}

// TestBelievesNoClient: what a structured line has of the request is not looked at.
func TestBelievesNoClient(t *testing.T) {
	for _, line := range []string{
		`{"msg":"handled","request":{"uri":"/","headers":{"User-Agent":["` + goLine + `"]}},"error":null}`,
		`{"msg":"handled","user_agent":"` + goLine + `"}`,
		`10.0.0.1 - - [23/Nov/2026:04:42:27 +0000] "GET /` + goLine + ` HTTP/1.1" 200 5`,
	} {
		if e, ok := explain(unwrap(line)); ok && e.Cause.Answer == Yes {
			t.Errorf("%s\nis %s", line, e.short())
		}
	}
}

func TestKeepsSecrets(t *testing.T) {
	const secret = "s3cret"
	for _, line := range []string{
		strings.ReplaceAll(nginxLine, "http://10.0.0.7:80/", "http://user:"+secret+"@10.0.0.7:80/?token="+secret),
		`2026/11/23 04:42:27 [error] 7#7: *42 connect() failed (111: Connection refused) while connecting to upstream, ` +
			`client: 1.2.3.4, server: , request: "GET /?t=` + secret + ` HTTP/1.1", ` +
			`upstream: "http://user:` + secret + `@10.0.0.7:80/?t=` + secret + `", host: "x"`,
		`Get "http://10.0.0.7:80/?token=` + secret + `": ` + goLine,
		`I/O exception (java.net.NoRouteToHostException) caught when ` +
			`processing request to {}->http://user:` + secret + `@10.0.0.7:80: Cannot assign requested address (Address not available)`,
	} {
		l, err := Read(strings.NewReader(line))
		if err != nil || l.Explained != 1 {
			t.Fatalf("%v, %d explained of %s", err, l.Explained, line)
		}
		var text, doc bytes.Buffer
		if err := errors.Join(l.Write(&text), l.WriteJSON(&doc)); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text.String()+doc.String(), secret) {
			t.Errorf("%s\nis repeated with its secret:\n%s", line, text.String())
		}
	}
}

// TestCounts: by cause and tuple, with the first and the last time in the order of
// the log.
func TestCounts(t *testing.T) {
	log := nginxLine + "\n" +
		strings.Replace(nginxLine, "04:42:27", "04:42:28", 1) + "\n" +
		"2026/11/23 04:42:28 [notice] 1#1: start worker process 7\n" +
		strings.Replace(strings.ReplaceAll(nginxLine, "10.0.0.7", "10.0.0.8"), "04:42:27", "04:42:29", 1) + "\n" +
		strings.Replace(nginxLine, "04:42:27", "04:42:31", 1)
	l, err := Read(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range l.Groups() {
		got = append(got, fmt.Sprint(g.Count, " ", g.Destination, " ", g.First[11:], " ", g.Last[11:]))
	}
	if want := "3 10.0.0.7:80 04:42:27 04:42:31, 1 10.0.0.8:80 04:42:29 04:42:29"; strings.Join(got, ", ") != want ||
		l.Lines != 5 || l.Explained != 4 {
		t.Errorf("%d of %d lines, %v; want %s", l.Explained, l.Lines, got, want)
	}
}

// TestReadsLabsLogs: what nginx wrote in the runs that the tree carries, in the
// excerpt that a run keeps.
func TestReadsLabsLogs(t *testing.T) {
	files, err := filepath.Glob("../../results/example/*/baseline/error-log.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := first(t, string(log)); !strings.HasPrefix(got, "ports nginx connect EADDRNOTAVAIL 198.18.") {
			t.Errorf("%s is %s", file, got)
		}
	}
}

// TestBounded: tuples without end, and a line without end.
func TestBounded(t *testing.T) {
	var log strings.Builder
	const tuples = most + 300
	for i := range tuples {
		fmt.Fprintf(&log, "dial tcp 10.0.%d.%d:80: connect: cannot assign requested address\n", i/200, i%200)
	}
	l, err := Read(io.MultiReader(strings.NewReader(log.String()), io.LimitReader(endless{}, 10<<20),
		strings.NewReader("\n"+goLine)))
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Groups()) != most || l.LeftOut != tuples-most || l.Explained != tuples+1 || l.Cut != 1 ||
		l.Lines != tuples+2 {
		t.Errorf("%d groups, %d left out, %d explained, %d cut, %d lines",
			len(l.Groups()), l.LeftOut, l.Explained, l.Cut, l.Lines)
	}
	var text strings.Builder
	if err := l.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"and 192 more with 192 lines", "300 more lines belong to none of the first 200",
		"1 line longer than 64 KiB"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("want %q in\n%s", want, text.String())
		}
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func TestSaysWhatItCannotRead(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Read(io.MultiReader(strings.NewReader(goLine+"\n"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("%v, want that the reader broke", err)
	}
}

// TestFitsItsSchema: every real line and every wrapping.
func TestFitsItsSchema(t *testing.T) {
	var all strings.Builder
	for _, lines := range real {
		for _, c := range lines {
			all.WriteString(c.line + "\n")
			fits(t, c.line)
		}
	}
	for _, c := range wrapped {
		fits(t, c.line)
	}
	fits(t, all.String())
	fits(t, "")
	if schematest.Explain(t, []byte(`{"schema":"lab99/explain/v2"}`)) == nil {
		t.Error("the schema takes another version")
	}
}

func fits(t *testing.T, log string) {
	t.Helper()
	l, err := Read(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	var doc bytes.Buffer
	if err := l.WriteJSON(&doc); err != nil {
		t.Fatal(err)
	}
	if err := schematest.Explain(t, doc.Bytes()); err != nil {
		t.Errorf("%s: %v", log, err)
	}
	if !json.Valid(doc.Bytes()) {
		t.Errorf("%s: no JSON", log)
	}
}

// TestEveryCauseIsShown: each cause is one of a real line or of a rule, none is
// hidden behind another.
func TestEveryCauseIsShown(t *testing.T) {
	seen := map[string]bool{"other": true} // it is what is not told
	for _, lines := range real {
		for _, c := range lines {
			cause, _, _ := strings.Cut(c.want, " ")
			seen[cause] = true
		}
	}
	for line, want := range map[string]string{
		"dial tcp 10.0.0.7:443: connect: network is unreachable":              "no-route",
		"dial udp 10.0.0.7:53: connect: resource temporarily unavailable":     "again",
		"dial udp 10.0.0.7:53: connect: cannot assign requested address":      "ports-or-address",
		"curl: (7) Failed to connect to ::1: Cannot assign requested address": "ports-or-address",
	} {
		e, ok := explain(unwrap(line))
		if !ok || e.Cause.ID != want {
			t.Errorf("%s\nis %t, %v; want %s", line, ok, e.Cause, want)
		}
		seen[want] = true
	}
	for _, c := range causes {
		if !seen[c.ID] {
			t.Errorf("no line shows %s", c.ID)
		}
	}
}

// TestEveryDialectIsShown holds the registry against the lines.
func TestEveryDialectIsShown(t *testing.T) {
	seen := map[string]bool{}
	for _, lines := range real {
		for _, c := range lines {
			if words := strings.Fields(c.want); len(words) > 1 {
				seen[words[1]] = true
			}
		}
	}
	for _, name := range Dialects() {
		if !seen[name] {
			t.Errorf("no line is of %s", name)
		}
	}
}

package explain

import (
	"encoding/json"
	"regexp"
	"strings"
)

// record is a line without its wrapping.
type record struct {
	text string // the program's own words
	time string // the stamp that the wrapping or the line carries, as it stands there
	app  string // what the wrapping calls the program
	// before and after are what a traceback has around the line: the last indented
	// line before it, and the frames that follow.
	before, after string
	// other holds further strings that a structured line may have the error in.
	other []string
	// logger is the part of the program, in a structured line.
	logger string
}

// deepest is how many wrappings are taken off: a journal around a Docker log
// around JSON is three.
const deepest = 5

// unwrap takes off what is not the program's.
func unwrap(line string) record {
	r := record{text: plain(line)}
	for range deepest {
		if !r.json() && !r.prefix() {
			break
		}
	}
	return r
}

var (
	// escapes are the sequences that colour a terminal (ECMA-48: CSI, and OSC with its end).
	escapes = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-Z\\\\-_])")
	// A CRI runtime's file: "2026-11-23T04:42:27.1Z stderr F line".
	cri = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\S+) (?:stdout|stderr) [FP] `)
	// kubectl logs --prefix: "[pod/web-7d4b/nginx] line".
	pod = regexp.MustCompile(`^\[pod/[\w.-]+/([\w.-]+)\] `)
	// docker compose logs: "web-1  | line", and foreman's kind, which has the time before it.
	compose = regexp.MustCompile(`^(?:\d\d:\d\d:\d\d +)?([\w.@-]{1,128}) +\| `)
	// syslog by RFC 3164, and journalctl: "Oct  9 10:01:35 host prog[123]: line".
	syslog = regexp.MustCompile(`^(?:<\d{1,3}>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)(?:\.\d+)? ` +
		`[\w.:-]+ ([\w./@-]+)(?:\[\d+\])?: `)
	// syslog by RFC 5424: "<34>1 TIME host app pid msgid - line".
	syslog5424 = regexp.MustCompile(`^<\d{1,3}>1 (\S+) \S+ (\S+) \S+ \S+ (?:-|\[[^\]]*\]) `)
	// kubectl logs --timestamps and docker logs -t: "2026-11-23T04:42:27.123456789Z line".
	stamped = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}(?:Z|[+-]\d\d:\d\d)) `)
)

// plain is a line without colours and without what ends it.
func plain(line string) string {
	if strings.ContainsRune(line, '\x1b') {
		line = escapes.ReplaceAllString(line, "")
	}
	return strings.TrimRight(line, "\r\n\x00")
}

// prefix takes one prefix off.
func (r *record) prefix() bool {
	for _, p := range []struct {
		re        *regexp.Regexp
		time, app int // groups
	}{{cri, 1, 0}, {pod, 0, 1}, {compose, 0, 1}, {syslog, 1, 2}, {syslog5424, 1, 2}, {stamped, 1, 0}} {
		m := p.re.FindStringSubmatch(r.text)
		if m == nil {
			continue
		}
		r.text = plain(r.text[len(m[0]):])
		if p.time > 0 && r.time == "" {
			r.time = m[p.time]
		}
		if p.app > 0 {
			r.app = m[p.app]
		}
		return true
	}
	return false
}

// Where a structured line has its words. What it has of the request, such as
// its headers, is the client's and not looked at.
var (
	textFields = []string{
		"log", "MESSAGE", "error", "err", "exception", "stack_trace", "Fetch-Error",
		"response_code_details", "upstream_transport_failure_reason", "msg", "message",
	}
	timeFields = []string{"time", "__REALTIME_TIMESTAMP", "ts", "@timestamp", "timestamp", "start_time", "Timestamp"}
	appFields  = []string{"SYSLOG_IDENTIFIER", "app", "service"}
)

// json takes a structured line apart. Its strings may be lines themselves.
func (r *record) json() bool {
	if !strings.HasPrefix(r.text, "{") {
		return false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(r.text), &fields) != nil {
		return false
	}
	var texts []string
	for _, name := range textFields {
		if s := jsonText(fields[name]); s != "" {
			texts = append(texts, s)
		}
	}
	if len(texts) == 0 {
		return false
	}
	r.text, r.other = texts[0], texts[1:]
	for _, name := range timeFields {
		if s := jsonStamp(fields[name]); s != "" && r.time == "" {
			r.time = s
		}
	}
	for _, name := range appFields {
		if s := jsonText(fields[name]); s != "" && r.app == "" {
			r.app = s
		}
	}
	r.logger = jsonText(fields["logger"])
	return true
}

// jsonText is a string; of journalctl, also one in bytes, as it writes what is
// no UTF-8.
func jsonText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return plain(s)
	}
	var b []uint16
	if json.Unmarshal(raw, &b) != nil {
		return ""
	}
	text := make([]byte, len(b))
	for i, c := range b {
		text[i] = byte(c)
	}
	return plain(string(text))
}

// jsonStamp is a time, as a string or a number.
func jsonStamp(raw json.RawMessage) string {
	s := strings.Trim(string(raw), `"`)
	if !cleanStamp.MatchString(s) {
		return ""
	}
	return s
}

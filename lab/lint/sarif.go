package lint

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// WriteSARIF writes reports as one log of the Static Analysis Results
// Interchange Format, 2.1.0, which GitHub and editors read.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
//
// The few types that are needed stand here: github.com/owenrumney/go-sarif has
// all of them, and would link a second validator of JSON Schema into the
// program. Its copy of the official schema is what a test holds this against.
func WriteSARIF(w io.Writer, version string, reports []*Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(sarif(version, reports))
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	ColumnKind  string            `json:"columnKind"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   string       `json:"id"`
	ShortDescription     sarifMessage `json:"shortDescription"`
	FullDescription      sarifMessage `json:"fullDescription"`
	Help                 sarifHelp    `json:"help"`
	HelpURI              string       `json:"helpUri"`
	DefaultConfiguration struct {
		Level nginxconf.Level `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifHelp struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level     nginxconf.Level `json:"level"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     nginxconf.Level `json:"level"` // the words are SARIF's own
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	} `json:"physicalLocation"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

func sarif(version string, reports []*Report) sarifLog {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	driver := &run.Tool.Driver
	*driver = sarifDriver{Name: "lab99", Version: version, InformationURI: page, Rules: []sarifRule{}}
	for _, rule := range Rules() {
		r := sarifRule{
			ID: rule.ID, HelpURI: Docs(rule.ID),
			ShortDescription: sarifMessage{Sentence(rule.Doc)}, FullDescription: sarifMessage{plain(rule.Doc)},
			Help: sarifHelp{plain(rule.Doc), rule.Doc},
		}
		r.DefaultConfiguration.Level = rule.Level
		driver.Rules = append(driver.Rules, r)
	}
	done := sarifInvocation{ExecutionSuccessful: true}
	for _, r := range reports {
		for _, f := range r.Findings {
			start, end := r.span(f).columns()
			result := sarifResult{
				RuleID: f.ID, Level: f.Level, Message: sarifMessage{sentences(f)},
				RuleIndex: slices.IndexFunc(driver.Rules, func(x sarifRule) bool { return x.ID == f.ID }),
				Locations: []sarifLocation{location(f.File, f.Line, start, end)},
			}
			run.Results = append(run.Results, result)
		}
		if m := r.Error; m != nil {
			done.ExecutionSuccessful = false
			done.Notifications = append(done.Notifications, sarifNotification{
				Level: nginxconf.Error, Message: sarifMessage{m.Text},
				Locations: []sarifLocation{m.location()},
			})
		}
	}
	run.Invocations = []sarifInvocation{done}
	return sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	}
}

func location(file string, line, start, end int) sarifLocation {
	var l sarifLocation
	l.Physical.Artifact.URI = uri(file)
	if line > 0 {
		l.Physical.Region = &sarifRegion{line, start, end}
	}
	return l
}

func (m *Mistake) location() sarifLocation {
	start, end := 0, 0
	if m.Line > 0 {
		start, end = m.span().columns()
	}
	return location(m.File, m.Line, start, end)
}

// uri is a file's name as a reference: relative where it is, as GitHub wants
// files of a repository.
func uri(file string) string {
	if file == Stdin {
		file = "stdin"
	}
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}

// sentences are a finding's text and fix.
func sentences(f Finding) string {
	text := sentence(f.Text)
	if f.Fix != "" {
		text += " Fix: " + sentence(f.Fix)
	}
	return text
}

// sentence ends a text as one.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?:;") {
		return s
	}
	return s + "."
}

// Sentence is the first one of a lesson.
func Sentence(doc string) string {
	doc = plain(doc)
	for i := 0; i < len(doc); i++ {
		if doc[i] == '.' && (i+1 == len(doc) || doc[i+1] == ' ') {
			return doc[:i+1]
		}
	}
	return doc
}

// plain is Markdown of one paragraph as text on one line.
func plain(doc string) string {
	return strings.NewReplacer("`", "", "**", "").Replace(strings.Join(strings.Fields(doc), " "))
}

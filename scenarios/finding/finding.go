// Package finding is what a rule found in a proxy's configuration, whatever the proxy:
// packages nginxconf and haproxyconf find, package lab/lint tells.
package finding

// A Finding is what a rule found.
type Finding struct {
	ID     string `json:"id"`
	Level  Level  `json:"level"`
	File   string `json:"file"`
	Line   int    `json:"line"`   // 0: it is about the file
	Column int    `json:"column"` // in bytes, from 1; 0: it is about the line
	Width  int    `json:"-"`      // bytes that it is about, from Column on; 0: unknown
	Text   string `json:"text"`
	Fix    string `json:"fix"`
}

// Level is how grave a finding is. The words are those of lab99/lint/v1 and of SARIF.
type Level string

// The levels. A note informs, a warning costs connections, an error keeps the proxy
// from starting or from reaching a backend.
const (
	Note    Level = "note"
	Warning Level = "warning"
	Error   Level = "error"
)

package nginxconf

// Level is how grave a finding is.
type Level string

// The levels. A note informs, a warning costs connections, an error keeps nginx
// from starting or from reaching a backend.
const (
	Note    Level = "note"
	Warning Level = "warning"
	Error   Level = "error"
)

// A Finding is what a rule found.
type Finding struct {
	ID     string `json:"id"`
	Level  Level  `json:"level"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
	Fix    string `json:"fix"`

	Directive *Directive `json:"-"` // what it is about, or nil
	Word      int        `json:"-"` // index of the word it is about; 0: the whole directive
}

// A Rule finds one kind of mistake. A new one is a file with a value of this
// type and a line in the list of rules.
type Rule struct {
	ID    string
	Level Level  // of most of its findings
	Doc   string // what it is about, why it matters, how to mend it: a paragraph of Markdown
	check func(*checker)
}

type checker struct{}

// Rules are all rules, in the order of the documentation.
func Rules() []Rule { return nil }

// Findings are what the rules find, in the order of the files.
func (c *Config) Findings(release Release) []Finding { return nil }

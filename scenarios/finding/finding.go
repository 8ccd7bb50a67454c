// Package finding is how grave it is what a rule found in a proxy's configuration,
// whatever the proxy: packages nginxconf and haproxyconf find, package lab/lint tells.
package finding

// Level is how grave a finding is. The words are those of lab99/lint/v1 and of SARIF.
type Level string

// The levels. A note informs, a warning costs connections, an error keeps the proxy
// from starting or from reaching a backend.
const (
	Note    Level = "note"
	Warning Level = "warning"
	Error   Level = "error"
)

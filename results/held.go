package results

import "strings"

// Loads is what a load has so many of a second: requests, or connections that are held,
// of which the counts of requests are then.
func (v *Variant) Loads() string {
	if v.Held != nil {
		return "connections"
	}
	return "requests"
}

// InWords is a text about requests as one about what the load is of.
func (v *Variant) InWords(text string) string {
	if v.Held == nil {
		return text
	}
	return strings.NewReplacer(
		"requests", "connections",
		"request", "connection",
		"Requests", "Connections",
	).Replace(text)
}

package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// LooksLike is the kind of proxy that a text looks like a configuration of; "" where none
// or several say so. It is a guess, and good for a hint only.
func LooksLike(text []byte) string {
	found := ""
	for _, s := range proxies {
		if s.Recognises == nil || !s.Recognises(text) {
			continue
		}
		if found != "" {
			return ""
		}
		found = s.Name
	}
	return found
}

// asOther is what is wrong with a variant's configuration, with the next step if that looks
// like another kind's. try is what --set would make of the scenario, and config where the
// file is named.
func (s *Scenario) asOther(v Variant, config *node, err error, try func(set string) error) error {
	var mistake *Error
	if try == nil || !v.OwnConfig() || !errors.As(err, &mistake) {
		return err
	}
	kind := LooksLike(v.ProxyFile.Text)
	if kind == "" || kind == v.Proxy.Kind {
		return err
	}
	step := fmt.Sprintf("%s=%s", s.kindKey(v.Name, config), kind)
	if try(step) == nil {
		step = "--set " + step
	} else { // a variant that only the kind of before can be
		step = AsKind(v.ProxyFile.Label, kind)
	}
	told := *mistake
	told.Hint = fmt.Sprintf("%s looks like a configuration of %s: %s", v.ProxyFile.Label, kind, step)
	return &told
}

// AsKind is the command that says what a configuration of a kind does, whatever the kind.
func AsKind(file, kind string) string {
	return fmt.Sprintf("`lab99 plan migrate --set from=%s --set from-kind=%s` says what it does", file, kind)
}

// kindKey is the key of --set for the kind of a variant's proxy: a word of the scenario's
// own if it has one for that, or else what the file was set for.
func (s *Scenario) kindKey(variant string, config *node) string {
	const kind = "proxy.kind"
	one := fmt.Sprintf("variants.%s.%s", variant, kind)
	for word, keys := range s.Aliases {
		if slices.Equal(keys, []string{one}) {
			return word
		}
	}
	if config.set() && !strings.HasPrefix(config.at.src.name, "--set variants.") {
		return kind // of every variant, as the file is
	}
	return one
}

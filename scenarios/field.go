package scenarios

import (
	"reflect"
	"strings"

	"github.com/lab99/lab99/lab/law"
)

// A field is one key of a scenario, as the tags of a struct's field describe
// it. The decoder, the schema and the list of keys read nothing else, so that a
// new key is one line in a struct:
//
//	yaml     the key; with ",required", a scenario must give it
//	default  the value where a scenario gives none
//	in       LOW..HIGH for a number or a duration, "(LOW" where LOW itself is
//	         excluded; for a string, the words it may be: a|b|c or a key of lists
//	form     how else a string is restricted: a key of forms
//	of       in proxy, which kinds understand it besides nginx, and in backend, whether it
//	         is about HTTP: an of constant
//	help     one line for editors, completion and the hints of errors
//
// A field whose type is a struct is a mapping of its own; types with a notation
// of their own are in notations.
type field struct {
	reflect.StructField
	key      string
	required bool
}

const (
	ofAny     = "any"     // each kind of proxy
	ofSources = "sources" // those that take several source addresses
	ofHTTP    = "http"    // a backend over HTTP
)

// fieldsOf lists the keys of a tagged struct, in its order.
func fieldsOf(t reflect.Type) []field {
	var all []field
	for _, sf := range reflect.VisibleFields(t) {
		if tag, ok := sf.Tag.Lookup("yaml"); ok {
			key, option, _ := strings.Cut(tag, ",")
			all = append(all, field{sf, key, option == "required"})
		}
	}
	return all
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range fieldsOf(t) {
		keys = append(keys, f.key)
	}
	return keys
}

// section says whether the field is a mapping of its own.
func (f field) section() bool {
	return f.Type.Kind() == reflect.Struct && notations[f.Type].read == nil
}

// words are those that a string may be; none: any.
func (f field) words() []string {
	in := f.Tag.Get("in")
	if in == "" || f.Type.Kind() != reflect.String {
		return nil
	}
	if list, ok := lists[in]; ok {
		return list
	}
	return strings.Split(in, "|")
}

// lists are words that other code knows too. Those of backends and protocols are what is
// registered; where nothing is, any word will do, as files can be read all the same.
var lists = map[string][]string{
	"backends":  nil,
	"protocols": nil,

	"kinds":    Kinds,
	"verdicts": {law.Predicted, law.Reproduced, law.Collapsed, law.Mitigated, law.Postponed, law.NotReproduced},
}

// bounds are the lowest and the highest value of a number or a duration, as
// written.
func (f field) bounds() (low, high string, exclusive, ok bool) {
	low, high, ok = strings.Cut(f.Tag.Get("in"), "..")
	low, exclusive = strings.CutPrefix(low, "(")
	return low, high, exclusive, ok && f.Type.Kind() != reflect.String
}

// within words the bounds.
func (f field) within() string {
	low, high, exclusive, ok := f.bounds()
	switch {
	case !ok:
		return ""
	case exclusive:
		return "more than " + low + " and at most " + high
	}
	return low + " to " + high
}

// A Key is a field that --set, a size or a variant may change.
type Key struct {
	Name    string   `json:"name"`              // proxy.keepalive
	Type    string   `json:"type"`              // in words: a whole number, a duration, on or off, a string
	Values  []string `json:"values,omitempty"`  // the words it may be; none: any value of the type
	Within  string   `json:"within,omitempty"`  // the bounds of a number or a duration, in words
	Default string   `json:"default,omitempty"` // none: the key has no default
	Help    string   `json:"help"`
}

// Keys lists the keys of --set, in the order of the format. NAME at the end of
// one stands for any name.
func Keys() []Key { return keysIn(reflect.TypeFor[Variant](), "") }

func keysIn(t reflect.Type, path string) []Key {
	var all []Key
	for _, f := range fieldsOf(t) {
		name := join(path, f.key)
		switch special, ok := notations[f.Type]; {
		case ok:
			all = append(all, special.keys(f, name)...)
		case f.section():
			all = append(all, keysIn(f.Type, name)...)
		default:
			all = append(all, f.describe(name, f.wants()))
		}
	}
	return all
}

func (f field) describe(name, typ string) Key {
	return Key{name, typ, f.words(), f.within(), f.Tag.Get("default"), f.Tag.Get("help")}
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

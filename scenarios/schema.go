package scenarios

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// schema is a JSON Schema, or a part of one.
type schema map[string]any

// anyScalar are the types of YAML that may stand where a string is wanted.
var anyScalar = []string{"string", "number", "boolean"}

// oneLine is the pattern of a string without restrictions.
const oneLine = `^[^\n\x00]+$`

// Schema is the JSON Schema of a scenario file, draft 7, which editors read
// through yaml-language-server. It allows every file that Load does. Load
// refuses more: what a size or a variant leaves missing, values that do not go
// together, durations out of bounds, and files that cannot be read.
func Schema() []byte {
	variant := reflect.TypeFor[Variant]()
	change := objectOf(variant, true)
	size := objectOf(variant, false)
	size.property("variants", schema{
		"description": "changes to single variants at this size, by name",
		"type":        "object", "additionalProperties": schema{"$ref": "#/definitions/change"},
	})
	item := merged(objectOf(reflect.TypeFor[label](), true), change)
	item["required"] = required(reflect.TypeFor[label]())
	root := merged(objectOf(reflect.TypeFor[frame](), false), objectOf(variant, false))
	root.property("sizes", schema{
		"description": "named sets of changes to the top level, one of which a run takes",
		"type":        "object", "additionalProperties": size,
		"propertyNames": schema{"pattern": forms["name"].re.String()},
	})
	root.property("variants", schema{
		"description": "what is compared: each is a change to the top level",
		"type":        "array", "minItems": 1, "items": item,
	})
	root["required"] = append(required(reflect.TypeFor[frame]()), "variants")
	definitions := schema{"change": change}
	for _, f := range slices.Concat(fieldsOf(reflect.TypeFor[frame]()), fieldsOf(variant)) {
		if f.section() {
			definitions[f.key] = objectOf(f.Type, false)
			definitions[f.key].(schema)["description"] = f.Tag.Get("help")
		}
	}
	root["definitions"] = definitions
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["$id"] = "https://lab99.invalid/schema/scenario/v1"
	root["title"] = "a scenario of lab99, " + apiVersion
	b, err := json.MarshalIndent(root, "", " ")
	if err != nil { // it is made of strings and numbers
		panic(err)
	}
	return append(b, '\n')
}

// objectOf is the schema of a tagged struct. No key is required, as any may
// stand at another level. In what is laid over something, multiples such as 10x may stand.
func objectOf(t reflect.Type, over bool) schema {
	s := schema{"type": "object", "additionalProperties": false, "properties": schema{}}
	for _, f := range fieldsOf(t) {
		p := f.schema()
		if over && slices.Contains(multiples, f.key) {
			p = schema{"anyOf": []schema{p, {"type": "string", "pattern": multipleRE.String()}}}
		}
		if !f.section() { // a $ref stands alone
			p["description"] = f.description()
		}
		s.property(f.key, p)
	}
	return s
}

func (s schema) property(key string, p schema) { s["properties"].(schema)[key] = p }

// merged is an object with the keys of two.
func merged(a, b schema) schema {
	both := maps.Clone(a)
	both["properties"] = maps.Clone(a["properties"].(schema))
	maps.Copy(both["properties"].(schema), b["properties"].(schema))
	return both
}

func required(t reflect.Type) []string {
	var keys []string
	for _, f := range fieldsOf(t) {
		if f.required {
			keys = append(keys, f.key)
		}
	}
	return keys
}

// description is the help, with what a schema cannot say otherwise.
func (f field) description() string {
	text := f.Tag.Get("help")
	if within := f.within(); within != "" {
		text += " (" + within + ")"
	}
	return text
}

// schema is the schema of a field's value.
func (f field) schema() schema {
	if special, ok := notations[f.Type]; ok {
		return special.schema()
	}
	if f.section() {
		return schema{"$ref": "#/definitions/" + f.key}
	}
	s := schema{}
	var def any = f.Tag.Get("default")
	low, high, exclusive, bounded := f.bounds()
	switch f.Type {
	case reflect.TypeFor[int](), reflect.TypeFor[float64]():
		s["type"] = map[reflect.Kind]string{reflect.Int: "integer", reflect.Float64: "number"}[f.Type.Kind()]
		def = json.Number(f.Tag.Get("default"))
		if bounded {
			s[map[bool]string{false: "minimum", true: "exclusiveMinimum"}[exclusive]] = json.Number(low)
			s["maximum"] = json.Number(high)
		}
	case reflect.TypeFor[time.Duration]():
		s["pattern"] = `^\+?(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|ms|s|m|h))+$`
		s["type"], s["minimum"], s["maximum"] = []string{"string", "integer"}, 0, 0 // of numbers only 0 needs no unit
	case reflect.TypeFor[bool]():
		s["enum"] = []any{"on", "off", true, false}
	default:
		s["type"], s["pattern"] = anyScalar, oneLine // the pattern is for strings only
		if form, ok := forms[f.Tag.Get("form")]; ok {
			s["pattern"] = form.re.String()
		}
		if words := f.words(); words != nil {
			s = schema{"enum": values(words)}
		}
	}
	if f.Tag.Get("default") != "" {
		s["default"] = def
	}
	return s
}

// values are words as YAML may read them: 1.0 is a number there.
func values(words []string) []any {
	var all []any
	for _, w := range words {
		all = append(all, w)
		if _, err := strconv.ParseFloat(w, 64); err == nil {
			all = append(all, json.Number(strings.TrimSuffix(w, ".0")))
		}
	}
	return all
}

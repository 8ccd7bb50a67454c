package scenarios

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decoder turns merged trees into tagged structs and notes every mistake. A
// field that it cannot read keeps its default. The YAML library's own strict
// mode stops at the first mistake; it knows no bounds, and not which of the
// merged sources a value comes from.
type decoder struct {
	report
}

// blame is where a missing key is reported, and what to do about it.
type blame struct {
	position
	hint string
}

// fill decodes a mapping, whose key is path, into the tagged fields of a struct.
func (d *decoder) fill(n *node, path string, missing blame, v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		val, name := n.get(f.key), join(path, f.key)
		if val == nil && f.required {
			d.add(missing.error(name+" is missing", missing.hint))
		}
		dst := v.FieldByIndex(f.Index)
		switch special, ok := notations[f.Type]; {
		case ok:
			dst.Set(reflect.ValueOf(special.read(d, val, name)))
		case f.section():
			d.section(val, name, missing, dst)
		default:
			dst.Set(f.fallback())
			if d.isScalar(val, name, f.wants()) {
				d.value(f, val, name, dst)
			}
		}
	}
}

// section fills a struct from a mapping that may have no other keys.
func (d *decoder) section(n *node, path string, missing blame, v reflect.Value) {
	d.mapping(n, path, keysOf(v.Type()))
	d.fill(n, path, missing, v)
}

// mapping checks that a node is a mapping of known keys.
func (d *decoder) mapping(n *node, path string, known []string) {
	if n == nil {
		return
	}
	if n.kind != mapping {
		d.add(n.at.error(fmt.Sprintf("%s is %s, want a mapping",
			path, n.kind), "known here: "+strings.Join(known, ", ")))
		return
	}
	for _, e := range n.entries {
		if !slices.Contains(known, e.key) {
			where := ""
			if path != "" {
				where = " in " + path
			}
			d.add(e.at.error(fmt.Sprintf("unknown key %q%s", e.key, where), didYouMean(e.key, known)))
		}
	}
}

// isScalar says whether there is a plain value to read; want words what belongs
// there instead.
func (d *decoder) isScalar(n *node, path, want string) bool {
	if n == nil {
		return false
	}
	if n.kind != scalar || n.text == "" {
		got := n.kind.String()
		if n.kind == scalar {
			got = "empty"
		}
		d.add(n.at.error(fmt.Sprintf("%s is %s, want %s", path, got, want), ""))
		return false
	}
	return true
}

// value reads a plain value into a field.
func (d *decoder) value(f field, n *node, path string, dst reflect.Value) {
	var x any
	var ok bool
	switch dst.Interface().(type) {
	case int:
		x, ok = number(d, f, n, path, strconv.Atoi)
	case float64:
		x, ok = number(d, f, n, path, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	case time.Duration:
		x, ok = number(d, f, n, path, time.ParseDuration)
	case bool:
		x, ok = d.boolean(n, path)
	case string:
		x, ok = d.text(f, n, path)
	default:
		panic("scenarios: no way to read a " + f.Type.String())
	}
	if ok {
		dst.Set(reflect.ValueOf(x))
	}
}

// wants says in words what belongs into a field.
func (f field) wants() string {
	switch f.Type {
	case reflect.TypeFor[int]():
		return "a whole number"
	case reflect.TypeFor[float64]():
		return "a number"
	case reflect.TypeFor[time.Duration]():
		return "a duration such as 10s"
	case reflect.TypeFor[bool]():
		return "on or off"
	}
	if words := f.words(); words != nil {
		return "one of " + strings.Join(words, ", ")
	}
	return "a string"
}

// unquote is the hint for a number in quotes, which is a string.
const unquote = "write it without quotes"

// number reads a number, or a duration, within the field's bounds.
func number[T cmp.Ordered](d *decoder, f field, n *node, path string, parse func(string) (T, error)) (x T, ok bool) {
	x, err := parse(n.text)
	duration := f.Type == reflect.TypeFor[time.Duration]()
	if err != nil || n.quoted && !duration {
		hint := f.Tag.Get("help")
		if _, unitless := strconv.ParseFloat(n.text, 64); duration && unitless == nil {
			hint = fmt.Sprintf("did you mean %ss?", n.text)
		} else if n.quoted {
			hint = unquote
		}
		d.add(n.at.error(fmt.Sprintf("%s is %q, want %s", path, n.text, f.wants()), hint))
		return x, false
	}
	low, high, exclusive, bounded := f.bounds()
	if !bounded {
		return x, true
	}
	l, err1 := parse(low)
	h, err2 := parse(high)
	if err1 != nil || err2 != nil {
		panic("scenarios: the bounds of " + path + " are no numbers")
	}
	if !(x >= l && x <= h) || exclusive && x == l { // written so that NaN fails
		d.add(n.at.error(fmt.Sprintf("%s is %s, want %s", path, n.text, f.within()), f.Tag.Get("help")))
		return x, false
	}
	return x, true
}

func (d *decoder) boolean(n *node, path string) (on, ok bool) {
	switch n.text { // Apache's words, beside YAML's
	case "on", "true":
		return true, true
	case "off", "false":
		return false, true
	}
	d.add(n.at.error(fmt.Sprintf("%s is %q, want on or off", path, n.text), ""))
	return false, false
}

// forms are the restrictions on a string that the form tag may name.
var forms = map[string]struct {
	re         *regexp.Regexp
	want, hint string
}{
	"image": {regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._:/@-]*$`), "an image reference such as nginx:1.30", ""},
	"name": {
		regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`), "lower-case letters, digits and dashes",
		"it names a directory of the results",
	},
	"host":  {regexp.MustCompile(`^[A-Za-z0-9._:\[\]-]*$`), "a host such as example.org or example.org:8080", ""},
	"path":  {regexp.MustCompile(`^/[^ \t\r\n#]*$`), "an absolute request path such as / or /a?b=c", ""},
	"words": {regexp.MustCompile(`^[a-z0-9_]+( [a-z0-9_]+)*$`), "nginx's words, such as error timeout", ""},
}

// text reads a string; numbers are welcome, as in {net.core.somaxconn: 4096}.
func (d *decoder) text(f field, n *node, path string) (string, bool) {
	form, restricted := forms[f.Tag.Get("form")]
	words := f.words()
	switch {
	case len(words) == 1 && n.text != words[0]:
		d.add(n.at.error(fmt.Sprintf("%s is %q, want %s", path, n.text, words[0]), ""))
	case words != nil && !slices.Contains(words, n.text):
		d.add(n.at.error(fmt.Sprintf("%s is %q", path, n.text), didYouMean(n.text, words)))
	case strings.ContainsAny(n.text, "\n\x00"):
		d.add(n.at.error(path+" has a line break in it, or a zero byte: want one line of text", ""))
	case restricted && !form.re.MatchString(n.text):
		d.add(n.at.error(fmt.Sprintf("%s is %q, want %s", path, n.text, form.want), form.hint))
		return n.text, true // others may refer to it
	default:
		return n.text, true
	}
	return "", false
}

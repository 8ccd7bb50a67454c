package nginxconf

import "strings"

// A part of a text with variables: a piece of text, or a variable's name.
type part struct {
	text string
	name string // "" for text; digits for a group of a regular expression
}

// parts splits a text at its variables, $name, ${name} and $1.
func parts(s string) []part {
	var all []part
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			return append(all, part{text: s})
		}
		name, rest := variableAt(s[i+1:])
		if name == "" { // a dollar of its own
			n := i + 1
			if len(all) > 0 && all[len(all)-1].name == "" {
				all[len(all)-1].text += s[:n]
			} else {
				all = append(all, part{text: s[:n]})
			}
			s = s[n:]
			continue
		}
		if i > 0 {
			all = append(all, part{text: s[:i]})
		}
		all = append(all, part{name: strings.ToLower(name)}) // nginx makes no difference
		s = rest
	}
	return all
}

// variableAt reads a variable's name at the start of s, behind the dollar.
func variableAt(s string) (name, rest string) {
	if strings.HasPrefix(s, "{") {
		name, rest, ok := strings.Cut(s[1:], "}")
		if !ok {
			return "", s
		}
		return name, rest
	}
	n := 0
	for n < len(s) && (s[n] == '_' || s[n]-'0' <= 9 || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
		n++
	}
	if n > 0 && s[0]-'1' < 9 { // $1a is $1 and an a
		n = 1
	}
	return s[:n], s[n:]
}

// variablesIn are the names of the variables in a text.
func variablesIn(s string) []string {
	if strings.IndexByte(s, '$') < 0 {
		return nil
	}
	var names []string
	for _, p := range parts(s) {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	return names
}

// variableName is the name of the variable that a set or map is for; "" for none.
func variableName(s string) string {
	name, ok := strings.CutPrefix(s, "$")
	if !ok {
		return ""
	}
	return strings.ToLower(name)
}

// constant says whether a text has no variables.
func constant(s string) bool { return strings.IndexByte(s, '$') < 0 }

package nginxconf

import "strings"

// A condition is that of an if.
type condition struct {
	file     string // -f, !-f, -d, -e, -x and the like; "" for one about a variable
	value    string // a text with a variable
	operator string // "" asks whether the value is neither empty nor 0
	operand  string
}

// conditionOf reads "($a)", "( $a = b )", "(-f $a)".
func conditionOf(d *Directive) condition {
	var args []string
	for _, a := range d.Args() {
		args = append(args, a.Text)
	}
	if len(args) == 0 || !strings.HasPrefix(args[0], "(") {
		return condition{}
	}
	args[0] = args[0][1:]
	if last := len(args) - 1; !d.Words[last+1].Quoted {
		if args[last] = strings.TrimSuffix(args[last], ")"); args[last] == "" {
			args = args[:last]
		}
	}
	if len(args) > 0 && args[0] == "" {
		args = args[1:]
	}
	args = append(args, "", "", "")
	if strings.HasPrefix(args[0], "-") || strings.HasPrefix(args[0], "!-") {
		return condition{file: args[0], value: args[1]}
	}
	return condition{value: args[0], operator: args[1], operand: args[2]}
}

// holds says whether the condition of an if holds, where that is known. A regular
// expression that matched leaves its groups.
func (e *env) holds(d *Directive) (yes, known bool) {
	c := conditionOf(d)
	value, ok := e.eval(c.value).single()
	if !ok || c.file != "" {
		return false, false
	}
	switch c.operator {
	case "":
		return value != "" && value != "0", true
	case "=", "!=":
		want, ok := e.eval(c.operand).single()
		return (value == want) == (c.operator == "="), ok
	}
	p := &pattern{text: c.operand, fold: strings.HasSuffix(c.operator, "*")}
	groups, matched, err := p.match(value)
	negative := strings.HasPrefix(c.operator, "!")
	if matched && !negative && e.set != nil {
		e.capture(groups, p.names())
	}
	return matched != negative, err == nil
}

// capture keeps what a regular expression matched: groups until the next one
// matches, those with a name as variables.
func (e *env) capture(groups, names []string) {
	e.groups = groups
	for n, s := range name(names, groups) {
		e.set[strings.ToLower(n)] = one(s)
	}
}

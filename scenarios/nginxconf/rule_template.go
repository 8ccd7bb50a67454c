package nginxconf

import "regexp"

var notSubstituted = Rule{
	ID: "not-substituted", Level: Error,
	Doc: "The file is a template: `${NAME}` stands where nginx has no variable, or one that nothing sets. In a " +
		"container envsubst or an entry point puts values in before nginx reads it. Look at the result, which " +
		"`nginx -T` prints, rather than at the template.",
	check: func(k *checker) {
		for _, t := range k.config.Files {
			walkDirectives(t.Root, func(d *Directive) {
				switch name := d.Name(); {
				case name == "listen", name == "server" && !d.HasBlock():
					if len(d.Words) > 1 && !constant(d.Arg(1)) {
						k.template(d, d.Arg(1))
					}
				case passes[name] != "":
					for _, v := range placeholder.FindAllStringSubmatch(d.Arg(1), -1) {
						if lower := variableName("$" + v[1]); !k.model.setNames[lower] &&
							k.model.variables[lower] == nil && k.model.variables[streamPrefix+lower] == nil {
							k.template(d, v[0])
						}
					}
				}
			})
		}
	},
}

// placeholder is a name as environments have it; nginx's own are in small
// letters.
var placeholder = regexp.MustCompile(`\$\{?([A-Z][A-Z0-9_]+)\}?`)

func (k *checker) template(d *Directive, what string) {
	k.report(Error, d, 1, "look at the file that nginx reads, after envsubst: nginx -T prints it",
		"%s is not a value, and nginx puts none in its place: the file is a template", what)
}

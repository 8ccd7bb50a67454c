package diagnose

import "github.com/lab99/lab99/internal/format"

// bindFirst: a program binds before it connects, and so has one range for all
// destinations, and takes ports from everybody else's.
func bindFirst(v *view) {
	for i := range v.Tuples {
		t := &v.Tuples[i]
		if !t.BindsFirst {
			continue
		}
		level := Note
		if t.share() >= 0.5 {
			level = Warning
		}
		v.sayOf(t, level, "in the program: set IP_BIND_ADDRESS_NO_PORT before bind(), or leave bind() out",
			"a program binds before it connects to %s: its ports are of the parity that bind() takes first, "+
				"or each is in use once; it has one range for all destinations, %s, and at its end bind() "+
				"fails with error 98 (EADDRINUSE); connect() of others leaves out the ports that it holds",
			format.Plural(t.destinations, "destination"), t.taken())
	}
}

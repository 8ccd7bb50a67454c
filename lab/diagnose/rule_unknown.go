package diagnose

import "github.com/lab99/lab99/internal/format"

// rangeUnknown: how many ports there are may not be read.
func rangeUnknown(v *view) {
	for i := range v.Tuples {
		if t := &v.Tuples[i]; t.State == Unknown && t.Tuples == nil && t.matters() {
			v.sayOf(t, Warning, "look as root (CAP_SYS_ADMIN), or from inside it",
				"%s ports are taken (%s), %s; of how many is not known, as the namespace may not be entered",
				format.Grouped(t.Taken), t.by(), t.coming())
		}
	}
}

// tooLittleHistory: live connections hold the ports, and one look has no history of them.
func tooLittleHistory(v *view) {
	for i := range v.Tuples {
		if t := &v.Tuples[i]; t.State == Unknown && t.Tuples != nil && t.matters() {
			v.sayOf(t, Note, "look again in a few seconds, or with --watch",
				"%s of %s ports are taken by live connections, and none has been closed in the last minute: "+
					"one look cannot tell a pool that stays from a table that fills",
				format.Grouped(t.live), format.Grouped(*t.Tuples))
		}
	}
}

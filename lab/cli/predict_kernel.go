package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/lab/ability"
)

// forKernel is the sentence of what the kernel changes in the answer.
func (a answer) forKernel() string {
	lines := a.kernel.Lines()
	said := func(l ability.KnownLine) string { return fmt.Sprintf("%s (%s)", l.Text, l.How) }
	return fmt.Sprintf("For %s. TIME_WAIT lasts %s. With tcp_tw_reuse=1 a tuple is free %s.", a.kernel.Title(),
		said(lines[0]), said(lines[1]))
}

// printKernel says what the answer for a kernel rests on.
func (a answer) printKernel(w io.Writer) {
	if a.kernel == nil {
		return
	}
	fmt.Fprintf(w, "\nWhat is known of %s, and from where. Measured: on that kernel, booted for it. Read: "+
		"in the source, or in a configuration. Unknown: the answer covers all that it may be.\n\n", a.kernel.Title())
	tw := table.New(w)
	fmt.Fprintln(tw, "kernel\t\tknown\tfrom")
	for _, l := range a.kernel.Lines() {
		from := l.Source
		if l.How == ability.Unknown {
			from = "–"
		}
		fmt.Fprintln(tw, strings.Join([]string{l.About, l.Text, string(l.How), from}, "\t"))
	}
	tw.Flush()
}

package diagnose

import (
	"fmt"
	"io"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
)

// write is for people.
func (t *Traced) write(w io.Writer) {
	if t == nil {
		return
	}
	all := t.Succeeded.Count + t.Error99.Count + t.Failed.Count
	fmt.Fprintf(w, "\nconnect() for %s: %s, of which %s failed\n", format.About(t.Seconds), format.Plural(all, "call"),
		format.Grouped(t.Error99.Count+t.Failed.Count))
	if len(t.Failures) > 0 {
		fmt.Fprintln(w)
		tw := table.New(w)
		head := "namespace\tprocess\tdestination\terror\tcalls"
		if t.RecentS > 0 {
			head += "\tin the last " + format.About(t.RecentS)
		}
		fmt.Fprintln(tw, head)
		for _, f := range t.Failures {
			fmt.Fprintf(tw, "%s\t%s %d\t%s\t%d %s\t%s", f.Namespace, f.Process, f.PID, f.Destination, f.Errno, f.Error,
				format.Grouped(f.Count))
			if f.Recent != nil {
				fmt.Fprintf(tw, "\t%s", format.Grouped(*f.Recent))
			}
			fmt.Fprintln(tw)
		}
		tw.Flush()
	}
	if t.Others > 0 {
		fmt.Fprintf(w, "(%s left out: --top)\n", format.Plural(t.Others, "failed call"))
	}
	if all > 0 {
		fmt.Fprintln(w)
		tw := table.New(w)
		fmt.Fprintln(tw, "connect() that\tcalls\thalf of them below\t99 % below\tall below")
		for _, row := range []struct {
			name  string
			times TracedTimes
		}{{"succeeded", t.Succeeded}, {"failed with error 99", t.Error99}, {"failed otherwise", t.Failed}} {
			if row.times.Count > 0 {
				fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", row.name, format.Grouped(row.times.Count),
					duration(row.times.P50Us), duration(row.times.P99Us), duration(row.times.MaxUs))
			}
		}
		tw.Flush()
	}
	if t.Lost > 0 {
		fmt.Fprintf(w, "(%s may be missing)\n", format.Plural(t.Lost, "call"))
	}
}

// duration is a time in microseconds with two digits that count.
func duration(us float64) string {
	d := time.Duration(min(us*1000, 1<<62)) // 146 years
	for unit := 10 * time.Second; unit >= 10; unit /= 10 {
		if d >= 10*unit {
			d = d.Round(unit)
			break
		}
	}
	return d.String()
}

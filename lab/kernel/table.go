package kernel

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// Schema names the format of results/kernels/<date>.json.
const Schema = "lab99/kernels/v1"

// Table is laws by kernels.
type Table struct {
	Schema  string   `json:"schema"`
	Date    string   `json:"date"`   // UTC
	TookS   float64  `json:"took_s"` // all of it, so far
	Tool    string   `json:"tool"`   // version and revision of lab99
	Machine Machine  `json:"machine"`
	Columns []Column `json:"kernels"`
	Rows    []Row    `json:"laws"`
}

// Machine is where it was measured.
type Machine struct {
	Kernel string `json:"kernel"`
	CPUs   int    `json:"cpus"`
}

// Column is one kernel.
type Column struct {
	Name      string         `json:"name"`
	Suite     string         `json:"suite,omitempty"`
	Kernel    string         `json:"kernel,omitempty"` // its release
	How       string         `json:"how"`
	Packages  []string       `json:"packages,omitempty"`
	BootS     *float64       `json:"boot_s,omitempty"`
	WallS     *float64       `json:"wall_s,omitempty"`  // all of it, the tasks included
	ApartS    *float64       `json:"apart_s,omitempty"` // most that its clock parted from the host's during a load
	Why       string         `json:"why,omitempty"`     // why it was not had, or not to its end
	Notes     []string       `json:"notes,omitempty"`
	Abilities *ability.Found `json:"abilities,omitempty"`
}

// Row is one law on all kernels.
type Row struct {
	ID    string          `json:"id"`
	Law   string          `json:"law"`
	Cells map[string]Cell `json:"cells"` // by the kernel's name
}

// NewTable begins a table without columns.
func NewTable(at time.Time, m Machine) *Table {
	t := &Table{Schema: Schema, Date: at.UTC().Format(time.RFC3339), Machine: m}
	for _, a := range ability.All {
		t.Rows = append(t.Rows, Row{a.ID, a.Name, map[string]Cell{}})
	}
	for _, r := range rules {
		t.Rows = append(t.Rows, Row{r.id, r.words, map[string]Cell{}})
	}
	return t
}

// how is the way of a kernel in words.
func (k Kernel) how(accelerator string) string {
	switch {
	case k.Via == UML:
		return "user-mode Linux"
	case k.Via == Host:
		return "this machine"
	case accelerator == "":
		return "qemu"
	}
	return "qemu, " + accelerator
}

// Add adds a kernel: what it left, or the error that kept it from being had. Both,
// when it did not get to the end.
func (t *Table) Add(k Kernel, u *Unpacked, r *Result, err error) {
	c := Column{Name: k.Name, Suite: k.Suite, How: k.how("")}
	if u != nil {
		c.Packages = u.Packages
	}
	if err != nil {
		c.Why = err.Error()
	}
	if r == nil {
		t.Columns = append(t.Columns, c)
		for _, row := range t.Rows {
			row.Cells[k.Name] = Cell{Text: "–"}
		}
		return
	}
	e := read(r)
	c.Kernel, c.How, c.Notes, c.Abilities = r.Kernel, k.how(r.Accelerator), r.Notes, &e.found
	c.WallS = &r.WallS
	if k.Via != Host {
		c.BootS = &r.BootS
		c.ApartS = e.apart()
	}
	if tool := e.tool(); tool != "" && t.Tool == "" {
		t.Tool = tool
	}
	t.Columns = append(t.Columns, c)
	cells := map[string]Cell{}
	for _, f := range e.found.Findings() {
		cells[f.ID] = inWords(f)
	}
	for _, r := range rules {
		cells[r.id] = r.judge(e)
	}
	for _, row := range t.Rows {
		row.Cells[k.Name] = cells[row.ID]
	}
}

// apart is the most that the clocks parted during a load; nil: there was none.
func (e evidence) apart() *float64 {
	var most *float64
	for _, t := range e.result.Tasks {
		var s results.Summary
		if json.Unmarshal(t.Stdout, &s) != nil {
			continue
		}
		for _, v := range s.Variants {
			if a, known := e.clock(t, v.Name); known && (most == nil || a > *most) {
				most = &a
			}
		}
	}
	return most
}

// tool is the lab99 that ran inside.
func (e evidence) tool() string {
	for _, t := range e.result.Tasks {
		for name, data := range t.Files {
			var env results.Env
			if strings.HasSuffix(name, "/"+results.EnvFile) && json.Unmarshal(data, &env) == nil {
				return strings.TrimSpace(env.Tool + " " + env.Revision)
			}
		}
	}
	return ""
}

// Failed counts the laws that a kernel broke.
func (t *Table) Failed() (n int) {
	for _, row := range t.Rows {
		for _, c := range row.Cells {
			if c.OK != nil && !*c.OK {
				n++
			}
		}
	}
	return n
}

// Had counts the kernels that ran.
func (t *Table) Had() (n int) {
	for _, c := range t.Columns {
		if c.Kernel != "" {
			n++
		}
	}
	return n
}

// Markdown writes the table for a reader.
func (t *Table) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Laws by kernels, %s\n\n", t.Date[:len(time.DateOnly)])
	fmt.Fprintf(&b, "Written by `make kernels` on Linux %s with %d processors in %.0f minutes",
		t.Machine.Kernel, t.Machine.CPUs, t.TookS/60)
	if t.Tool != "" {
		fmt.Fprintf(&b, ", lab99 %s", t.Tool)
	}
	b.WriteString(".\n\nCounts are exact. Times are \"measured / predicted\", within 2 % (at least 30 ms) " +
		"and what the guest's clock parted from the host's during\nthat load. " +
		"**Bold** is not as the law says; *italic* was not judged, and the reason is below.\n\n")
	var columns []Column // that ran
	for _, c := range t.Columns {
		if c.Kernel != "" {
			columns = append(columns, c)
		}
	}
	var remarks []string
	remark := func(c Column, cell Cell) int {
		text := c.Kernel + ", " + c.How + ": " + plain(cell.Why)
		if cell.Text == law.Invalid { // the same for most of a column, but for the figures
			text = "The machine had no time for that run; what lab99 says of it is in the JSON beside this page."
		}
		if i := slices.Index(remarks, text); i >= 0 {
			return i + 1
		}
		remarks = append(remarks, text)
		return len(remarks)
	}
	if len(columns) > 0 {
		b.WriteString("| law |")
		for _, c := range columns {
			fmt.Fprintf(&b, " %s<br>%s |", c.Kernel, c.How)
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
		for _, row := range t.Rows {
			fmt.Fprintf(&b, "| %s |", row.Law)
			for _, c := range columns {
				cell := row.Cells[c.Name]
				text := cell.Text
				switch {
				case cell.OK != nil && !*cell.OK:
					text = "**" + text + "**"
				case cell.OK == nil && cell.Why != "":
					text = "*" + text + "*"
				}
				if cell.Why != "" {
					text += fmt.Sprintf(" [%d]", remark(c, cell))
				}
				fmt.Fprintf(&b, " %s |", text)
			}
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	for i, r := range remarks {
		fmt.Fprintf(&b, "%d. %s\n", i+1, r)
	}
	b.WriteString("\n## Kernels\n\n| name | kernel | how | boot | all of it | clocks apart | from |\n" +
		"|---|---|---|---:|---:|---:|---|\n")
	for _, c := range t.Columns {
		what := c.Kernel
		if what == "" {
			what = "not had: " + plain(c.Why)
		} else if c.Why != "" {
			what += ", not to its end: " + plain(c.Why)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n",
			c.Name, what, c.How, seconds(c.BootS, 1), seconds(c.WallS, 0), seconds(c.ApartS, 3), c.from())
	}
	for _, c := range t.Columns {
		for _, n := range c.Notes {
			fmt.Fprintf(&b, "\n%s: %s\n", c.Name, plain(n))
		}
	}
	return b.String()
}

// from names the package of the kernel itself.
func (c Column) from() string {
	for _, p := range c.Packages {
		if strings.HasPrefix(p, "user-mode-linux=") ||
			strings.HasPrefix(p, "linux-image-") || strings.HasPrefix(p, "linux-binary-") {
			return c.Suite + ", " + p
		}
	}
	return c.Suite
}

// plain keeps a text in its line and its cell.
func plain(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}

func seconds(s *float64, digits int) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%.*f s", digits, *s)
}

// JSON is the table for programs.
func (t *Table) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(t, "", "  ")
	return append(b, '\n'), err
}

// Broken lists the cells that are not as the law says, a line each.
func (t *Table) Broken() (lines []string) {
	for _, row := range t.Rows {
		for _, name := range slices.Sorted(maps.Keys(row.Cells)) {
			if c := row.Cells[name]; c.OK != nil && !*c.OK {
				lines = append(lines, fmt.Sprintf("%s, %s: %s (%s)", name, row.Law, c.Text, c.Why))
			}
		}
	}
	return lines
}

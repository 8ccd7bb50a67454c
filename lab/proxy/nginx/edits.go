package nginx

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// all are the directives of a name below, at any depth; data is none, and neither
// is what stands in stream{} and mail{}, which are taken out.
func all(ds []*nginxconf.Directive, name string) (found []*nginxconf.Directive) {
	for _, d := range ds {
		if d.Name() == name {
			found = append(found, d)
		}
		if d.Kind == nginxconf.Directives && !otherLoad(d) {
			found = append(found, all(d.Block, name)...)
		}
	}
	return found
}

// blocks are those of them that have a block.
func blocks(ds []*nginxconf.Directive, name string) []*nginxconf.Directive {
	return slices.DeleteFunc(all(ds, name), func(d *nginxconf.Directive) bool { return !d.HasBlock() })
}

func (r *rewriter) insert(t *nginxconf.Tree, at int, text string) {
	r.edits[t] = append(r.edits[t], edit{at, at, text})
}

// replace keeps the line breaks of what it replaces.
func (r *rewriter) replace(t *nginxconf.Tree, start, end int, text string) {
	text += strings.Repeat("\n", strings.Count(t.Text[start:end], "\n"))
	r.edits[t] = append(r.edits[t], edit{start, end, text})
}

// word replaces a word of a directive, quoted where it has to be.
func (r *rewriter) word(d *nginxconf.Directive, w nginxconf.Word, to, why string) {
	if strings.ContainsAny(to, " \t;{}\"'\\") || to == "" {
		to = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(to) + `"`
	}
	r.replace(d.Tree, w.Start, w.End, to)
	name := d.Name()
	if d.Kind == nginxconf.NoBlock && len(d.Words) > 0 && w.Start == d.Words[0].Start {
		name = ""
	}
	r.say(d, strings.TrimSpace(name+" "+d.Tree.Text[w.Start:w.End])+" becomes "+to+why)
}

func (r *rewriter) remove(d *nginxconf.Directive, why string) {
	r.replace(d.Tree, d.Start, d.End, "")
	r.say(d, d.Source()+" is taken out"+why)
}

func (r *rewriter) say(d *nginxconf.Directive, text string) {
	r.notes = append(r.notes, note{d, text})
}

// apply makes the edits of a file. Of two that overlap the outer one stands; an
// insertion may stand where a replacement begins, and goes first.
func (r *rewriter) apply(t *nginxconf.Tree) string {
	edits := r.edits[t]
	slices.SortStableFunc(edits, func(a, b edit) int {
		ai, bi := a.start == a.end, b.start == b.end
		switch {
		case a.start != b.start:
			return a.start - b.start
		case ai != bi && ai:
			return -1
		case ai != bi:
			return 1
		}
		return cmp.Compare(b.end, a.end)
	})
	var b strings.Builder
	at := 0
	for _, e := range edits {
		if e.start < at {
			continue // inside of what was replaced
		}
		b.WriteString(t.Text[at:e.start] + e.text)
		at = e.end
	}
	b.WriteString(t.Text[at:])
	return b.String()
}

package nginx

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// all are the directives of a name in the files, at any depth; data is none.
func (r *rewriter) all(name string) (found []*nginxconf.Directive) {
	for _, t := range r.trees {
		found = append(found, all(t.Root, name)...)
	}
	return found
}

// blocks are those of them that have a block.
func (r *rewriter) blocks(name string) []*nginxconf.Directive {
	return slices.DeleteFunc(r.all(name), func(d *nginxconf.Directive) bool { return !d.HasBlock() })
}

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

// inside is what stands in a block, with what it includes.
func inside(d *nginxconf.Directive) (ds []*nginxconf.Directive) {
	var add func([]*nginxconf.Directive)
	add = func(block []*nginxconf.Directive) {
		for _, x := range block {
			if x.Name() != "include" || x.HasBlock() {
				ds = append(ds, x)
			}
			for _, t := range x.Included {
				add(t.Root)
			}
		}
	}
	add(d.Block)
	return ds
}

// read are the files that make up the HTTP configuration, the main one first: not
// those that only a block of stream or mail includes.
func read(main *nginxconf.Tree) (trees []*nginxconf.Tree) {
	var add func(*nginxconf.Tree)
	var walk func([]*nginxconf.Directive)
	walk = func(ds []*nginxconf.Directive) {
		for _, d := range ds {
			for _, t := range d.Included {
				add(t)
			}
			if !otherLoad(d) {
				walk(d.Block)
			}
		}
	}
	add = func(t *nginxconf.Tree) {
		if !slices.Contains(trees, t) {
			trees = append(trees, t)
			walk(t.Root)
		}
	}
	add(main)
	return trees
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

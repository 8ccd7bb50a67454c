package nginxconf

// A block is a context of the configuration, with its includes resolved. One
// file may be included in many places, so a directive has many contexts, and a
// context one outer one.
type block struct {
	directive *Directive // nil at the main level
	outer     *block
	items     []*Directive
	index     map[string][]*Directive // nil for a short block
	inner     map[*Directive]*block
}

// shortBlock is how many directives are looked through rather than indexed.
const shortBlock = 12

func newBlock(d *Directive, outer *block, of []*Directive) *block {
	b := &block{directive: d, outer: outer}
	b.items = flatten(of)
	if len(b.items) > shortBlock {
		b.index = make(map[string][]*Directive, shortBlock)
		for _, x := range b.items {
			b.index[x.Name()] = append(b.index[x.Name()], x)
		}
	}
	return b
}

// flatten puts what includes bring in in their place.
func flatten(ds []*Directive) []*Directive {
	plain := true
	for _, d := range ds {
		plain = plain && d.Included == nil
	}
	if plain {
		return ds
	}
	var all []*Directive
	for _, d := range ds {
		if d.Included == nil {
			all = append(all, d)
			continue
		}
		for _, t := range d.Included {
			all = append(all, flatten(t.Root)...)
		}
	}
	return all
}

// in is the context of a directive of this block.
func (b *block) in(d *Directive) *block {
	if c := b.inner[d]; c != nil {
		return c
	}
	if b.inner == nil {
		b.inner = map[*Directive]*block{}
	}
	c := newBlock(d, b, d.Block)
	b.inner[d] = c
	return c
}

// all are the block's own directives of a name, in order.
func (b *block) all(name string) []*Directive {
	if b.index != nil {
		return b.index[name]
	}
	var found []*Directive
	for _, d := range b.items {
		if d.Name() == name {
			found = append(found, d)
		}
	}
	return found
}

// own is the block's own directive of a name, or nil.
func (b *block) own(name string) *Directive {
	if b.index != nil {
		if ds := b.index[name]; len(ds) > 0 {
			return ds[0]
		}
		return nil
	}
	for _, d := range b.items {
		if d.Name() == name {
			return d
		}
	}
	return nil
}

// find is the directive in force here: that of the innermost level that has
// one.
func (b *block) find(name string) *Directive {
	for ; b != nil; b = b.outer {
		if d := b.own(name); d != nil {
			return d
		}
	}
	return nil
}

// array are the directives in force here of a kind whose values add up within a
// level: one of an inner level replaces all of the outer ones.
func (b *block) array(name string) []*Directive {
	ds, _ := b.arrayAt(name)
	return ds
}

// arrayAt is array, with the level that they are of; nil where there are none.
func (b *block) arrayAt(name string) ([]*Directive, *block) {
	for ; b != nil; b = b.outer {
		if ds := b.all(name); len(ds) > 0 {
			return ds, b
		}
	}
	return nil, nil
}

// value is the first argument of the directive in force, or otherwise.
func (b *block) value(name, otherwise string) string {
	if d := b.find(name); d != nil && len(d.Words) > 1 {
		return d.Arg(1)
	}
	return otherwise
}

// access are the deny and allow in force here: they make one list.
func (b *block) access() []*Directive {
	for ; b != nil; b = b.outer {
		deny, allow := b.all("deny"), b.all("allow")
		switch {
		case len(allow) == 0 && len(deny) == 0:
			continue
		case len(allow) == 0:
			return deny
		case len(deny) == 0:
			return allow
		}
		var both []*Directive
		for _, d := range b.items {
			if d.Name() == "deny" || d.Name() == "allow" {
				both = append(both, d)
			}
		}
		return both
	}
	return nil
}

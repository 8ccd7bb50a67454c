package upstream

// Add makes a protocol known, as a line in all does.
func Add(p Protocol) {
	all = append(all, p)
	register(p)
}

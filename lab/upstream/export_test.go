package upstream

import "github.com/lab99/lab99/scenarios"

// Add makes a protocol known, as a line in all does.
func Add(p Protocol) {
	all = append(all, p)
	scenarios.RegisterProtocol(p.Name)
}

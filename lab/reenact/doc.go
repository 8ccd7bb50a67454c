// Package reenact makes a scenario of what package diagnose saw of a host, so that a lab
// runs out of ports as the host does, and the fixes can be compared there.
//
//	c, err := reenact.Choose(report)       // the pair of source and destination that is nearest to the end
//	saved, err := c.Write("saved-host")    // scenario.yaml, and the configuration of nginx where it was read
//
// What takes ports on a host is a rate of connections that leave a TIME_WAIT there. So
// that is what the lab replays, with f = 1: connections that the other end closes first
// hold no port, and cannot be made to come in the same share, as who closes first is a
// race (package law, closeshare.go).
//
// Ports and rate are scaled by the same factor, since T cannot be: the load factor ρ and
// the moment of error 99 stay.
//
// Nothing of the host's words gets into the files. The configuration is not filtered but
// written anew, out of numbers, times and nginx's own words, so that no secret can
// survive by a way that nobody thought of.
//
//	choose.go    which pair, and how many like it
//	scale.go     the sizes of the scenario, and what the laws say of them
//	scenario.go  scenario.yaml
//	route.go     the route of nginx that leads there
//	config.go    the configuration as the lab gets it
//	removed.go   the list of what was left out
//	write.go     the directory
//
// Neighbours: package diagnose sees, package scenarios reads what is written here, package
// cli asks for it.
package reenact

package lab

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// clocks holds the hosts' clocks against each other. Every record carries its
// host's CLOCK_MONOTONIC and is received some time later by one command with
// one clock of its own. The least difference of the two that was ever seen is
// the offset of the clocks and the delay of the quickest record; among hosts of
// one machine those delays differ by far less than the bound, however busy it
// is for a while, and so what differs more is the clocks.
type clocks map[string]*offset

type offset struct {
	least   int64 // nanoseconds, received less sent
	records int
}

const (
	// clockBound is below the 30 ms to which moments are held against the laws.
	clockBound = 20 * time.Millisecond
	// clockRecords is how many records make a quick one among them certain.
	clockRecords = 10
)

func (c clocks) take(host string, sentNs, receivedNs int64) {
	o := c[host]
	if o == nil {
		o = &offset{least: math.MaxInt64}
		c[host] = o
	}
	o.least = min(o.least, receivedNs-sentNs)
	o.records++
}

// disagree names two hosts whose clocks do, "" if there are none.
func (c clocks) disagree() string {
	hosts := slices.Sorted(maps.Keys(c))
	hosts = slices.DeleteFunc(hosts, func(h string) bool { return c[h].records < clockRecords })
	for i, a := range hosts {
		for _, b := range hosts[i+1:] {
			if d := time.Duration(c[b].least - c[a].least); d.Abs() > clockBound {
				return fmt.Sprintf("the clocks of %s and %s disagree by %v (limit %v): "+
					"their samples cannot be put in one order",
					a, b, d.Abs().Round(time.Millisecond), clockBound)
			}
		}
	}
	return ""
}

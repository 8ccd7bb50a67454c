package results

import "slices"

// counts are the keys below /proc/sys that nobody sets: they tell how many of
// something there are at the moment they are read.
var counts = []string{"net.netfilter.nf_conntrack_count"}

// IsCount says whether a sysctl is a count and no setting. Two hosts that are
// set up alike read it differently.
func IsCount(sysctl string) bool { return slices.Contains(counts, sysctl) }

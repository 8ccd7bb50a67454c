package diagnose

import "github.com/lab99/lab99/internal/format"

// conntrackFuller: the table of connection tracking is full before the ports are.
func conntrackFuller(v *view) {
	c := v.Conntrack
	if c == nil || c.Max == 0 {
		return
	}
	share, fullest := float64(c.Taken)/float64(c.Max), 0.0
	for i := range v.Tuples {
		fullest = max(fullest, v.Tuples[i].share())
	}
	if share < 0.5 || share <= fullest {
		return
	}
	level := Warning
	if share >= 0.95 {
		level = Critical
	}
	v.say(level, "raise net.netfilter.nf_conntrack_max, or keep these connections out of tracking (NOTRACK)",
		"the connection-tracking table is %s full (%s of %s), fuller than the ports (%s): when it is full, "+
			"packets are dropped and connect() times out (error 110) instead of failing with error 99",
		format.Percent(share), format.Grouped(c.Taken), format.Grouped(c.Max), format.Percent(fullest))
}

// unseenTranslation says what a look cannot tell where connections are tracked: the rules
// are nftables', and to ask for them takes CAP_NET_ADMIN in the namespace.
func (n *Namespace) unseenTranslation() string {
	if n.Counters["conntrack_entries"] == 0 || len(n.Outgoing) == 0 {
		return ""
	}
	return n.Name + ": whether a rule translates the source of its connections (SNAT, MASQUERADE), " +
		"and how many ports that has: `nft list ruleset` or `iptables-save` says"
}

// conntrackDropped: the table has been full, or entries have clashed. A translation that
// finds no free port takes one that is in use, and the entry is refused when the packet
// leaves (insert_failed); so are the second of two packets sent at once, as of DNS.
func conntrackDropped(v *view) {
	c := v.seen.Counters
	dropped, evicted, refused := c["conntrack_drop"], c["conntrack_early_drop"], c["conntrack_insert_failed"]
	if dropped+evicted+refused == 0 {
		return
	}
	level := Note
	if dropped+evicted > 0 {
		level = Warning
	}
	v.say(level, "do they grow (conntrack -S)? Then raise net.netfilter.nf_conntrack_max, or, where a rule translates "+
		"addresses (SNAT, MASQUERADE), give it more source addresses",
		"since the namespace began connection tracking has dropped %s and %s of its entries, "+
			"as its table was full, and refused %s, as a translation had no port left or two packets came at once: "+
			"connect() then times out (error 110) with ports free",
		format.Plural(dropped, "packet"), format.Grouped(evicted), format.Grouped(refused))
}

package haproxyconf

import (
	"fmt"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/scenarios/finding"
)

var tcpModeNoPool = Rule{
	ID:    "tcp-mode-no-pool",
	Level: finding.Warning,
	Doc: "In TCP mode, HAProxy's default, every connection of a client is one to a server, and none is used again. " +
		"When the client ends first, HAProxy is the first to close towards the server " +
		"and the port stays taken for 60 seconds (f = 1), so ports / 61 connections per second is all that lasts. " +
		"`mode http` ends connections by a reset and runs out of no ports. Where it has to be TCP, list ports: " +
		"`source IP:20000-40000` on each server line.",
	check: func(k *checker, b *Backend) {
		if b.Mode == ModeHTTP || !b.runsOut() {
			return
		}
		line, word, by := b.Head, 1, "HAProxy's default"
		if b.ModeLine != nil {
			line, word, by = b.ModeLine, 1, fmt.Sprintf("line %d", b.ModeLine.Number)
		}
		k.report(finding.Warning, line, word,
			"`mode http` in it and its frontend where the traffic is HTTP; else `source IP:LOW-HIGH`, "+
				"an address of this host with ports of its own, on each server line",
			"mode %s (%s) opens a connection for each of a client's and passes its end on: "+
				"where the client ends it, the port stays taken for a minute (f = 1), "+
				"and all of them at ports / 61 a second for each source and destination (%d here)",
			b.Mode, by, len(b.Lanes()))
	},
}

var noLinger = Rule{
	ID:    "nolinger",
	Level: finding.Note,
	Doc: "`option nolinger` ends connections by a reset: neither end keeps a TIME_WAIT, " +
		"so no port stays taken (f = 0). What the other side has not read by then is lost, " +
		"which in TCP mode can cut off the end of a transfer. HAProxy's manual advises against it.",
	check: func(k *checker, b *Backend) {
		if b.NoLinger != nil && b.Mode != ModeHTTP && b.TakesPorts() {
			k.report(finding.Note, b.NoLinger, 1,
				"a list of ports, `source IP:LOW-HIGH` on the server lines, keeps ports free without losing data",
				"option nolinger resets connections: no port stays taken (f = 0), "+
					"and what the other side has not read is lost")
		}
	},
}

var httpReuseNever = Rule{
	ID:    "http-reuse-never",
	Level: finding.Note,
	Doc: "`http-reuse never` keeps each upstream connection to the client that it was opened for. " +
		"It costs a connection for each client, but no ports after that: " +
		"in HTTP mode HAProxy ends connections by a reset, which leaves no TIME_WAIT (f = 0). " +
		"`http-reuse safe` is the default.",
	check: func(k *checker, b *Backend) {
		if b.Mode == ModeHTTP && b.Reuse == "never" && b.TakesPorts() {
			k.report(finding.Note, b.ReuseLine, 1,
				"`http-reuse safe`, unless the servers know users by their connection (NTLM)",
				"http-reuse never opens a connection for each client's; HAProxy resets it at its end, "+
					"so that no port stays taken (f = 0)")
		}
	},
}

var closesEach = Rule{
	ID:    "http-server-close",
	Level: finding.Note,
	Doc: "`option http-server-close` and `option httpclose` end the upstream connection with every response. " +
		"HAProxy does so by a reset, which leaves no TIME_WAIT at either end (f = 0): " +
		"it costs a handshake per request, not a port. A frontend that says it does so for every backend " +
		"that it leads to.",
	check: func(k *checker, b *Backend) {
		if b.Close != "" && b.TakesPorts() {
			k.report(finding.Note, b.CloseLine, 1, "leave the line out: the default keeps connections and shares them",
				"option %s opens a connection for every request; HAProxy resets it after the response, "+
					"so that no port stays taken (f = 0)", b.Close)
		}
	},
}

var retriesAmplify = Rule{
	ID:    "retries-amplify",
	Level: finding.Note,
	Doc: "A connect() that finds no port is tried again, `retries` times (3 by default), " +
		"and each try looks at every port before it fails. One failed request is 1 + retries connect() " +
		"and as many lines in the log, so the log overstates a shortage of ports, and the tries cost processor time " +
		"when there is least. `retries 0` or 1 fails at once; " +
		"`option redispatch` only helps where another server has ports of its own.",
	check: func(k *checker, b *Backend) {
		if b.Retries == 0 || !b.TakesPorts() || !b.runsOut() && b.RetriesLine == nil {
			return
		}
		line, by := b.Head, "the default"
		if b.RetriesLine != nil {
			line, by = b.RetriesLine, fmt.Sprintf("line %d", b.RetriesLine.Number)
		}
		elsewhere := ""
		if b.Redispatch {
			elsewhere = "; option redispatch makes the last of them to another server"
		}
		k.report(finding.Note, line, 1, "`retries 1`, or 0 where a failure may show at once",
			"retries %d (%s): a request that finds no port makes %s and as many lines in the log%s",
			b.Retries, by, format.Plural(b.Tries(), "connect() call"), elsewhere)
	},
}

var checksNeedPorts = Rule{
	ID:    "checks-need-ports",
	Level: finding.Note,
	Doc: "Health checks connect as requests do, and fail as they do while no port is free. " +
		"After `fall` of them HAProxy takes the server out, though it is well, and answers 503 without a try. " +
		"When ports are back it needs `rise` checks, `inter` apart, to be in again. " +
		"A check from another source address, or with `addr` and `port` to another destination, has ports of its own.",
	check: func(k *checker, b *Backend) {
		out := b.Checked()
		if out == 0 || !b.runsOut() {
			return
		}
		k.report(finding.Note, b.Head, 1,
			"`port` on the server lines, to a port that answers checks alone, gives them source ports of their own",
			"health checks take ports too: in a shortage they take servers out, for up to %v after ports are back", out)
	},
}

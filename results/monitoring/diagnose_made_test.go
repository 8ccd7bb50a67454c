package monitoring

import "fmt"

// What the alerts of diagnose say of a pair.
const (
	ofPair  = "{{ $labels.instance }}, {{ $labels.namespace }}: {{ $labels.source }} → {{ $labels.destination }}"
	askHost = "`lab99 diagnose` on the host says what takes them, and what helps at once."
)

// diagnoseIntro stands above the rules.
const diagnoseIntro = `# Alert rules for hosts that run out of source ports. They ask lab99 diagnose --listen,
# which knows each host's limits, so they are right for any of them.
`

// diagnoseRules alert by the forecast. It is renewed with each scrape, and what ends a burst
// ends the alert: Alertmanager's group_wait keeps short ones to itself, so no alert of
// exhaustion waits here, where a table may be full within seconds. +Inf is not due, which no
// comparison below takes for soon; a pair of which too little is known has no forecast.
func diagnoseRules() Rules {
	about := "of lab99 diagnose --listen, scraped every 15 s or more often"
	return Rules{Group: "lab99-diagnose", About: about, Alerts: []Alert{
		{"SourcePortsRunningOut",
			"(lab99_seconds_to_exhaustion <= on (job, instance) group_left () lab99_alarm_horizon_seconds) > 0",
			"0s", "critical",
			ofPair + ": source ports run out in {{ $value | humanizeDuration }}",
			"If the load goes on, connect() fails by then with error 99 (Cannot assign requested address), and nginx " +
				"answers 502. " + askHost},
		{"SourcePortsExhausted", "lab99_seconds_to_exhaustion == 0", "0s", "critical",
			ofPair + ": all source ports are taken",
			"connect() fails with error 99 (Cannot assign requested address), and nginx answers 502. " + askHost},
		{"SourcePortsHalfTaken", fmt.Sprintf("lab99_ephemeral_ports_taken / lab99_ephemeral_ports_usable >= %g "+
			"unless lab99_seconds_to_exhaustion < Inf", warnShare), "1m", "warning",
			ofPair + ": {{ $value | humanizePercentage }} of the source ports are taken",
			"From half of them on connect() searches for a free one and becomes slow. " +
				"Error 99 is not due at this load, and there is little left for more. Use upstream connections again " +
				"(keepalive), or widen net.ipv4.ip_local_port_range."},
		{"SourcePortsUnknown", fmt.Sprintf("lab99_ephemeral_ports_taken >= %d unless lab99_ephemeral_ports_usable",
			unknownFrom), "5m", "warning",
			ofPair + ": {{ $value }} source ports are taken, of how many is not known",
			"lab99 may not enter that network namespace, so there is no forecast. " +
				"It takes CAP_SYS_ADMIN and CAP_SYS_PTRACE."},
		{"Lab99DoesNotAnswer", "count_over_time(lab99_scan_timestamp_seconds[1h]) unless lab99_scan_timestamp_seconds",
			"2m", "warning", "{{ $labels.instance }}: lab99 diagnose does not answer any more",
			"Nothing above can fire. Prometheus's page of targets has the reason."},
	}}
}

// unknownFrom is how many ports must be taken, of a range that is not known, for an alert:
// not even a small range is far from half full.
const unknownFrom = 1000

// diagnoseBoard is their dashboard.
func diagnoseBoard() ([]byte, error) {
	const on = `{instance=~"$instance"}`
	const pair = "{{namespace}}: {{source}} → {{destination}}"
	return dashboard{
		title: "Source ports of hosts (lab99 diagnose)", uid: "lab99-diagnose", tags: []string{"lab99"},
		about:     "The fullest pairs of source and destination of each host, and when error 99 is due.",
		variables: instances("Host", "lab99_scan_timestamp_seconds"),
		needs: words("A Prometheus that scrapes `lab99 diagnose --listen` on each host, every 15 s or more often. " +
			"A pair that is missing in the first graph is not due, or too little is known of it."),
		panels: []panel{
			{"Seconds to error 99", "If the load goes on. 0: connect() fails now.", "time left", "s",
				[]query{{"lab99_seconds_to_exhaustion" + on + " < Inf", pair}}, nil},
			{"Source ports taken, share", "Above one half connect() has to search; at 1 it fails with error 99.",
				"share of the usable ports", "percentunit",
				[]query{{"lab99_ephemeral_ports_taken" + on + " / lab99_ephemeral_ports_usable" + on, pair}},
				[]step{{warnShare, "orange"}, {actShare, "red"}}},
			{"Source ports taken", "TIME_WAIT included, without those that tcp_tw_reuse gives to connect().",
				"ports", "short",
				[]query{{"lab99_ephemeral_ports_taken" + on, pair}}, nil},
			{"New TIME_WAITs per second", "What begins, and what the ports bear for good.", "TIME_WAITs per second", "cps",
				[]query{{"lab99_time_wait_per_second" + on, pair},
					{"lab99_safe_time_wait_per_second" + on, pair + ", the most that is borne"}}, nil},
			{"Not shown", "Emptier pairs, and what may not be looked at.", "number", "short",
				[]query{{"lab99_pairs_left_out" + on, "{{instance}}: pairs left out"},
					{"lab99_unseen" + on, "{{instance}}: unseen"}}, nil},
			{"What the look costs", "Processor time of lab99 diagnose.", "share of a core", "percentunit",
				[]query{{"rate(process_cpu_seconds_total" + on + "[$__rate_interval]) and on (job, instance) " +
					"lab99_scans_total",
					"{{instance}}"}}, nil},
		},
	}.json()
}

// Package scenarios reads the files that say what a run is. It checks them,
// applies size, variant and --set, and renders the servers' configurations.
//
// A scenario is a directory with a scenario.yaml and the templates it names;
// those below this directory are built into the binary. port-exhaustion is
// written to be read first. The file is YAML with strict keys:
//
//	apiVersion: lab99/v1
//	name: my-proxy                    # lower-case letters, digits, dashes
//	title: one line for the report
//	kind: failure                     # optional; or mitigation, myth, harm, new-failure: where list puts it
//	incident: {link: https://…}       # optional; the public report that it re-enacts
//	aliases: {pool: [variants.keepalive.proxy.keepalive]} # optional; words of its own for --set
//	sizes:                            # optional; each an overlay on what follows
//	  quick: {ports: 500, rate: 200, duration: 10s}
//	ports: 500                        # N: 20000 up, at most 12768; default; or LOW-HIGH within 1024-65535
//	rate: 200                         # requests per second, at most 100000
//	duration: 10s                     # 100ms to 30m
//	proxy:
//	  kind: nginx
//	  image: nginx:1.30
//	  sysctls: {}                     # such as net.ipv4.tcp_tw_reuse: 0
//	  keepalive: 0                    # idle upstream connections per worker; 0: no pool
//	  workers: 1
//	upstream:
//	  protocol: http                  # or stream, websocket, with load.hold
//	backend:
//	  kind: httpd                     # or agent
//	  image: httpd:2.4
//	  addresses: 1                    # at most 64, all of the one server
//	  service: none                   # or cluster-ip, headless: each address is a pod of a cluster
//	  keepalive: on
//	  keepalive_requests: 600
//	  keepalive_timeout: 100s
//	load:
//	  connections: 64                 # at most 8192
//	  pods: 1                         # of a cluster, that share the load
//	  stop: {after_error_99: 5s}      # or none: run the whole duration
//	  timeout: 5s
//	  path: /
//	  hold: 0s                        # how long each connection is held; 0s: requests instead
//	  hold_times: fixed               # or exponential
//	  closes: client                  # or server
//	expect: {verdict: predicted}      # or reproduced, collapsed, mitigated, postponed, not-reproduced
//	variants:                         # at least one; each an overlay on all of the above
//	  - name: baseline
//	  - name: keepalive
//	    title: upstream keepalive
//	    proxy: {keepalive: 20}
//
// The keys from ports to expect may stand at the top level, in a size, in a
// variant, and as the KEY of --set; Keys lists all of them, and Schema describes
// the file to editors. Later levels win, key by key: top level, size, variant,
// the size's own variants: {NAME: overlay}, --set KEY=VALUE, --set
// variants.NAME.KEY=VALUE. A key that no level gives has its default; ports,
// rate and duration have none. Anchors, merge keys and tags are refused, so that
// an overlay changes what it shows.
//
// A key is one line: a field of Variant, or of a struct in it, with the tags
// that field describes. Templates see it as .Proxy, .Backend and .Load, plan.json
// stores it among the settings, and compare reads it there.
//
// A template is text/template over the exported fields of Facts, those three,
// and the variables that the error for a misspelt one lists. It has one function
// of its own, atLeast, for what differs between nginx releases. Rewrites lists
// all that the lab changes in a configuration of the user's own. A file that a
// scenario names lies in its directory or below; --set may name any file.
//
// Mistakes are values of type Error, all of them at once where possible, each
// with file, line, column, the line itself and what was expected.
//
// Package lab runs what Resolve returns; package law predicts it.
package scenarios

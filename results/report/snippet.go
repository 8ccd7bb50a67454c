package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/results"
)

// snippet is what to write into a production's file: a variant's change without what only a
// lab wants.
type snippet struct{ Name, Text string }

// snippets are those of a variant. A configuration of the user's own is his already.
func snippets(base, v *variant) (all []snippet) {
	if v.Plan.OwnConfig != "" {
		return nil
	}
	add := func(name, text string) {
		if text != "" {
			all = append(all, snippet{name, text})
		}
	}
	switch conf, was := v.Data.ProxyConf, base.Data.ProxyConf; {
	case v.Data.ProxyFile != results.NginxFile:
		if v.Data.ProxyFile == base.Data.ProxyFile {
			add(v.Data.ProxyFile, added(was, conf))
		}
	case conf != was:
		add(results.NginxFile, nginxSnippet(conf))
	}
	if base.Data.BackendFile == v.Data.BackendFile {
		add(v.Data.BackendFile, added(base.Data.BackendConf, v.Data.BackendConf))
	}
	var lines []string
	for _, c := range changedSysctls(base, v, results.HostProxy) {
		lines = append(lines, c.name+" = "+c.is)
	}
	add("/etc/sysctl.d/90-source-ports.conf", strings.Join(lines, "\n"))
	return all
}

// added are the directives that only the new text has.
func added(before, after string) string {
	if before == "" || after == "" {
		return ""
	}
	var lines []string
	for _, l := range difference(before, after) {
		if text := directive(l.Text); l.Op == '+' && text != "" {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n")
}

// labOnly marks what the configuration of a lab has for the lab's sake. Templates write it.
const labOnly = "# lab:"

var (
	comment = regexp.MustCompile(`\s*#.*$`)
	// labAddress is one of the lab's network, in place of which documentation has 192.0.2.0/24 (RFC 5737).
	labAddress = regexp.MustCompile(`\b198\.1[89]\.\d+\.\d+\b`)
)

// directive is a line without its comment and indentation, "" where nothing is left.
func directive(line string) string {
	if strings.Contains(line, labOnly) {
		return ""
	}
	return strings.TrimSpace(comment.ReplaceAllString(line, ""))
}

// nginxSnippet is what an nginx.conf of the lab does to upstream connections: the choice of
// a source address, its upstream block, the proxy_ directives of its server, and the location that passes requests on.
func nginxSnippet(conf string) string {
	var sources, upstream, server, location []string
	head := "" // of sources
	in := ""   // the block that is being read
	for _, l := range strings.Split(conf, "\n") {
		d := directive(l)
		switch {
		case d == "":
		case strings.HasPrefix(d, "upstream "), strings.HasPrefix(d, "split_clients "), d == "location / {":
			in = d
		case d == "}":
			in = ""
		case strings.HasPrefix(in, "split_clients "):
			head, sources = strings.TrimSuffix(in, " {"), append(sources, d)
		case strings.HasPrefix(in, "upstream "):
			upstream = append(upstream, strings.Replace(d, " max_fails=0;", ";", 1)) // the lab counts every connect()
		case in != "" && !strings.Contains(d, "X-Lab99"):
			location = append(location, d)
		case in == "" && strings.HasPrefix(d, "proxy_") && !strings.HasPrefix(d, "proxy_temp_path"):
			server = append(server, d)
		}
	}
	if len(location) == 0 {
		return ""
	}
	if !slices.ContainsFunc(upstream, func(d string) bool { return strings.HasPrefix(d, "keepalive ") }) {
		// Without a pool nginx closes first, and holds every TIME_WAIT: the lab wants that, and nobody else.
		server = slices.DeleteFunc(server, func(d string) bool {
			return d == `proxy_set_header Connection "";` || strings.HasPrefix(d, "proxy_http_version ")
		})
	}
	var b strings.Builder
	block := func(head string, lines []string) {
		fmt.Fprintf(&b, "%s {\n", head)
		for _, l := range lines {
			fmt.Fprintf(&b, "    %s\n", l)
		}
		b.WriteString("}\n")
	}
	if len(sources)+len(upstream) > 0 {
		b.WriteString(inHTTP)
	}
	if len(sources) > 0 {
		block(head, sources)
	}
	if len(upstream) > 0 {
		block("upstream backend", upstream)
	}
	b.WriteString(inServer)
	block("location /", append(server, location...))
	return documented(elsewhere.Replace(strings.TrimSuffix(b.String(), "\n")))
}

// Where the parts of a snippet belong: nginx refuses a location outside of a server.
const (
	inHTTP   = "# in http {}\n"
	inServer = "# in your server {}\n"
)

// elsewhere are the lab's names as production would have them.
var elsewhere = strings.NewReplacer(
	"://lab99;", "://backend;",
	"proxy_ssl_name lab99;", "proxy_ssl_name backend.example.org;",
	"proxy_ssl_trusted_certificate /run/lab/server.pem;",
	"proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;",
)

// documented puts addresses for documentation in the place of the lab's, each its own.
func documented(text string) string {
	seen := map[string]string{}
	return labAddress.ReplaceAllStringFunc(text, func(a string) string {
		if seen[a] == "" {
			seen[a] = fmt.Sprintf("192.0.2.%d", len(seen)+1)
		}
		return seen[a]
	})
}

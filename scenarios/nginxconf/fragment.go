package nginxconf

import (
	"slices"
	"strings"
)

// mainDirectives are those of the main level, besides blocks.
var mainDirectives = []string{
	"user", "worker_processes", "error_log", "pid", "load_module", "daemon", "include", "env",
	"worker_rlimit_nofile", "master_process",
	"pcre_jit", "thread_pool", "timer_resolution", "debug_points", "ssl_engine", "working_directory", "lock_file",
	"worker_priority",
	"worker_cpu_affinity", "worker_rlimit_core", "worker_shutdown_timeout", "google_perftools_profiles", "quic_bpf",
}

// fragmentOf is the context that a main file is a part of, or "" for a whole
// one.
func fragmentOf(t *Tree) string {
	server, stream, location, rewrite, other := false, false, false, false, false
	for _, d := range flatten(t.Root) {
		switch name := d.Name(); {
		case name == "http" || name == "stream" || name == "events" || name == "mail":
			return ""
		case name == "server":
			server = true
			stream = stream || streamServer(d)
		case passes[name] != "":
			return "location"
		case name == "location":
			location = true
		case slices.Contains([]string{"if", "rewrite", "set", "return", "break", "listen", "server_name",
			"try_files"}, name):
			rewrite = true
		default:
			other = other || !slices.Contains(mainDirectives, name)
		}
	}
	switch {
	case stream:
		return "stream"
	case server:
		return "http"
	case location || rewrite:
		return "server"
	case other:
		return "http"
	}
	return ""
}

// streamServer says whether a server block is one of stream{}: a pass stands in
// the server itself, where http{} has it in locations.
func streamServer(d *Directive) bool {
	pass := false
	for _, x := range flatten(d.Block) {
		switch x.Name() {
		case "location", "root", "return", "server_name":
			return false
		case "proxy_pass":
			pass = true
		}
	}
	return pass
}

// around is a block that a fragment is read as if it stood in.
func around(t *Tree, in []*Directive, words ...string) *Directive {
	d := &Directive{Tree: t, Line: 1, Kind: Directives, Block: in, Open: 1, Close: len(t.Text), End: len(t.Text)}
	for _, w := range words {
		d.Words = append(d.Words, Word{Text: w})
	}
	return d
}

// partial says that there is more to the configuration than was read: what is
// not in it may be elsewhere.
func (c *Config) partial() bool {
	return c.Fragment != "" || len(c.Unread()) > 0
}

// Unread are the includes that brought nothing in and may decide on connections.
func (c *Config) Unread() (all []MissingInclude) {
	for _, m := range c.Missing {
		if !harmless(m.Path) {
			all = append(all, m)
		}
	}
	return all
}

// harmless says whether a file comes with nginx or loads modules: neither
// decides on connections.
func harmless(path string) bool {
	return slices.Contains(shipped, path[strings.LastIndexByte(path, '/')+1:]) || strings.Contains(path, "/modules")
}

var fragmentRule = Rule{
	ID: "fragment", Level: Note,
	Doc: "The file is a part of a configuration, as those of conf.d are. It is read as if it stood in `http {}` " +
		"(or `stream {}`, or a server); what nginx.conf sets there besides is not known. Give nginx.conf itself, " +
		"or the output of `nginx -T`.",
	check: func(k *checker) {
		if main := k.config.Files[0]; k.config.Fragment != "" && len(main.Root) > 0 {
			k.report(Note, main.Root[0], 0, "give nginx.conf, or the output of nginx -T",
				"the file is a part of %s{}: what the rest of the configuration sets is not known", k.config.Fragment)
		}
	},
}

package cli

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/ownconf"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// unanswered says that no backend answers, and which routes there are.
func unanswered(w io.Writer, q question, config *nginxconf.Config, release nginxconf.Release, c ownconf.Choice) error {
	code := verdict.ExitUnexpected
	routes, unread := config.Routes(release), config.Unread()
	nothing := len(routes) == 0
	if c.Answer.Kind == nginxconf.AnswerUnknown || nothing && len(unread) > 0 {
		code = verdict.ExitUndecided
	}
	of := ""
	if q.file.host != "" {
		of = " of " + q.file.host
	}
	reaches := "a request for %s%s reaches no backend: %s"
	if code == verdict.ExitUndecided {
		reaches = "whether a request for %s%s reaches a backend cannot be told: %s"
	}
	fmt.Fprintf(w, "lab99 predict: "+reaches+"\n", q.file.path, of, c.Answer)
	for _, s := range c.Assumed {
		fmt.Fprintln(w, "  taken for granted: "+s)
	}
	if text := ignored(config, c.Answer.Server); text != "" {
		fmt.Fprintln(w, "  "+text)
	}
	if nothing {
		fmt.Fprintf(w, "  No location of %s passes requests on.\n", config.Name)
		for _, m := range unread {
			fmt.Fprintf(w, "  %s: %s was not read: %v\n", m.Include.Pos(), m.Path, m.Err)
		}
		if len(unread) > 0 {
			fmt.Fprintln(w, "  What passes requests on may be there: --follow lets includes leave the prefix; "+
				"or give the output of nginx -T.")
		}
		return exitError(code)
	}
	fmt.Fprint(w, "\n")
	// Those of the server that was asked come first.
	slices.SortStableFunc(routes, func(a, b *nginxconf.Route) int {
		return away(a, c.Answer.Server) - away(b, c.Answer.Server)
	})
	shown := routes[:min(len(routes), fewRoutes)]
	lint.WriteRoutes(w, config.Files[0].Name, lint.Rows(shown))
	if n := len(routes) - len(shown); n > 0 {
		fmt.Fprintf(w, "and %s, which `lab99 lint %s` lists\n", format.Plural(n, "other route"), q.file.config)
	}
	var asks []string
	for _, r := range shown {
		if host, path, ok := ownconf.Ask(config, release, r); ok && len(asks) < 5 {
			asks = append(asks, fmt.Sprintf("  %s  for %s", askFlags(host, path), r.Pass.Pos()))
		}
	}
	if len(asks) > 0 {
		fmt.Fprintf(w, "\nAsk about one of them:\n%s\n", strings.Join(asks, "\n"))
	}
	return exitError(code)
}

// fewRoutes is how many routes are listed.
const fewRoutes = 20

// away is 0 for a route of the server, 1 for others.
func away(r *nginxconf.Route, s *nginxconf.Server) int {
	if r.Server == s {
		return 0
	}
	return 1
}

// askFlags are flags as a shell takes them.
func askFlags(host, path string) string {
	var flags []string
	add := func(flag, value string) {
		if regexp.MustCompile(`[^\w/.:-]`).MatchString(value) {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		flags = append(flags, flag+" "+value)
	}
	if host != "" {
		add("--host", host)
	}
	if path != "" {
		add("--path", path)
	}
	return strings.Join(flags, " ")
}

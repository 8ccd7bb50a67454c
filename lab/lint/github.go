package lint

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// WriteGitHub writes the findings as commands of a GitHub workflow, which shows
// each beside its line. dir is where a job runs, to which the names of files
// are made relative.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func (r *Report) WriteGitHub(w io.Writer, dir string) error {
	p := &printer{w: w}
	for _, f := range r.Findings {
		start, end := r.span(f).columns()
		text := sentences(f) + "\n" + f.Docs
		p.f("%s\n", command(commands[f.Level], relative(f.File, dir), f.Line, start, end, f.ID, text))
	}
	if m := r.Error; m != nil {
		column := 0
		if m.Line > 0 {
			column, _ = m.span().columns()
		}
		file := relative(m.File, dir)
		p.f("%s\n", command("error", file, m.Line, column, 0, "lab99 cannot read it", sentence(m.Text)))
	}
	return p.err
}

// commands are GitHub's words for levels.
var commands = map[nginxconf.Level]string{
	nginxconf.Note: "notice", nginxconf.Warning: "warning", nginxconf.Error: "error",
}

// command is one annotation. What is unknown is left out.
func command(name, file string, line, column, end int, title, text string) string {
	var properties []string
	add := func(key, value string) { properties = append(properties, key+"="+property.Replace(value)) }
	if file != Stdin {
		add("file", file)
	}
	if line > 0 {
		add("line", fmt.Sprint(line))
	}
	if column > 0 {
		add("col", fmt.Sprint(column))
	}
	if end > column+1 {
		add("endColumn", fmt.Sprint(end-1)) // the last one, not the one behind it
	}
	add("title", title)
	return "::" + name + " " + strings.Join(properties, ",") + "::" + data.Replace(text)
}

// What GitHub's own toolkit escapes, in the text and in a property.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// relative is a file's name from a directory that it lies in, else the name.
func relative(file, dir string) string {
	if rel, err := filepath.Rel(dir, file); filepath.IsAbs(file) && err == nil && rel != ".." &&
		!strings.HasPrefix(rel, ".."+string(os.PathSeparator)) {
		return rel
	}
	return file
}

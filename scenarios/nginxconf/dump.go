package nginxconf

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// dumpMark begins a file in the output of nginx -T; a colon ends the line.
const dumpMark = "# configuration file "

type dumpPart struct {
	name, text string
	lines      int // before the part
}

// splitDump cuts the output of nginx -T into its files. It returns nil for
// other text.
func splitDump(text string) []dumpPart {
	if !strings.Contains(text, dumpMark) {
		return nil
	}
	var parts []dumpPart
	line, from := 0, 0
	for at := 0; at < len(text); line++ {
		end := len(text)
		if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		name, marked := strings.CutPrefix(strings.TrimRight(text[at:end], "\r\n"), dumpMark)
		if name, ok := strings.CutSuffix(name, ":"); marked && ok && name != "" {
			if len(parts) > 0 {
				parts[len(parts)-1].text = text[from:at]
			} else if !chatter(text[:at]) {
				return nil
			}
			parts = append(parts, dumpPart{name: name, lines: line + 1})
			from = end
		}
		at = end
	}
	if len(parts) > 0 {
		parts[len(parts)-1].text = text[from:]
	}
	return parts
}

// chatter says whether text is what nginx -T says before the first file:
// nothing, or messages of nginx's.
func chatter(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "nginx:") && !strings.Contains(line, "[warn]") {
			return false
		}
	}
	return true
}

// useDump makes includes resolve among the files of a dump. nginx has put each
// of them there once.
func (l *loader) useDump(parts []dumpPart) {
	l.config.Dump = true
	l.dump = map[string]int{}
	texts := map[string]string{}
	for _, p := range parts {
		if _, ok := texts[p.name]; !ok {
			l.dump[p.name], texts[p.name] = p.lines, p.text
		}
	}
	l.o.Prefix = filepath.Dir(parts[0].name)
	l.o.Open = func(path string) ([]byte, error) {
		if text, ok := texts[path]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
	l.o.Glob = func(pattern string) ([]string, error) {
		var found []string
		for name := range texts {
			if ok, err := filepath.Match(pattern, name); err != nil {
				return nil, err
			} else if ok {
				found = append(found, name)
			}
		}
		slices.Sort(found)
		return found, nil
	}
}

package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// How many columns a line of Go may have, where a tab is four. A wider one holds several
// thoughts, which deserve names or lines of their own. The tables of tests are data, and
// may have a row on one line.
const (
	widest       = 120
	widestOfTest = 140
	tabColumns   = 4
)

// TestLinesCanBeRead looks at every Go file.
func TestLinesCanBeRead(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir(), filepath.Ext(name) != ".go":
			return nil
		}
		files++
		if strings.HasSuffix(name, "_test.go") {
			return widthOf(t, name, widestOfTest)
		}
		return widthOf(t, name, widest)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 1000 {
		t.Errorf("%d files were looked at, want those of the whole tree", files)
	}
}

// widthOf looks at the lines of a file. Three kinds may be wider, as nothing can break
// them: one that ends with a field's tag, one that is a URL, and in a test one of a text
// of several lines, such as a file of /proc that was recorded.
func widthOf(t *testing.T, name string, most int) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	tagged, recorded := map[int]bool{}, map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if n.Tag != nil {
				tagged[set.Position(n.Tag.Pos()).Line] = true
			}
		case *ast.BasicLit:
			first, last := set.Position(n.Pos()).Line, set.Position(n.End()).Line
			for line := first; first < last && line <= last; line++ {
				recorded[line] = most == widestOfTest
			}
		}
		return true
	})
	for i, line := range strings.Split(string(text), "\n") {
		n := columns(line)
		if n <= most || recorded[i+1] || tagged[i+1] && strings.HasSuffix(line, "`") || isURL(line) {
			continue
		}
		t.Errorf("%s:%d has %d columns, want at most %d: name its parts, or give them lines",
			name, i+1, n, most)
	}
	return nil
}

func columns(line string) int {
	return utf8.RuneCountInString(line) + (tabColumns-1)*strings.Count(line, "\t")
}

// isURL says whether a line has an address and nothing else, perhaps in a comment.
func isURL(line string) bool {
	words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "//"))
	return len(words) == 1 && strings.Contains(words[0], "://")
}

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

// widest is how many columns a line of Go may have. A wider one holds several thoughts,
// which deserve names or lines of their own.
const widest = 140

// TestLinesCanBeRead looks at all but tests, whose tables are data.
func TestLinesCanBeRead(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir(), filepath.Ext(name) != ".go", strings.HasSuffix(name, "_test.go"):
			return nil
		}
		files++
		return widthOf(t, name)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("%d files were looked at, want those of the whole tree", files)
	}
}

// widthOf looks at the lines of a file. Tags are left out: Go has no way to break one.
func widthOf(t *testing.T, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	tagged := map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Tag != nil {
			tagged[set.Position(field.Tag.Pos()).Line] = true
		}
		return true
	})
	for i, line := range strings.Split(string(text), "\n") {
		if n := utf8.RuneCountInString(line); n > widest && !tagged[i+1] {
			t.Errorf("%s:%d has %d columns, want at most %d: name its parts, or give them lines", name, i+1, n, widest)
		}
	}
	return nil
}

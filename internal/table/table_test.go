package table

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestFolds: what finds no room stands below, beside the first column.
func TestFolds(t *testing.T) {
	rows := [][]string{{"name", "ρ", "verdict"}, {"a", "24.4", "reproduced"}, {"keepalive", "–", "mitigated"}}
	for room, want := range map[int]string{
		0:  "name       ρ     verdict\na          24.4  reproduced\nkeepalive  –     mitigated\n",
		27: "name       ρ     verdict\na          24.4  reproduced\nkeepalive  –     mitigated\n",
		26: "name       ρ\na          24.4\nkeepalive  –\n\nname       verdict\n" +
			"a          reproduced\nkeepalive  mitigated\n",
		1: "name       ρ\na          24.4\nkeepalive  –\n\nname       verdict\n" +
			"a          reproduced\nkeepalive  mitigated\n",
	} {
		var b bytes.Buffer
		if err := write(&b, rows, room); err != nil || b.String() != want {
			t.Errorf("in %d columns (%v):\n%s\nwant\n%s", room, err, &b, want)
		}
	}
}

// TestNoTerminal: a row is a line, however long.
func TestNoTerminal(t *testing.T) {
	var b bytes.Buffer
	tw := New(&b)
	fmt.Fprintf(tw, "a\t%s\tc\n", strings.Repeat("b", 1000))
	if b.Len() != 0 {
		t.Error("rows are out before Flush")
	}
	if err := tw.Flush(); err != nil || strings.Count(b.String(), "\n") != 1 {
		t.Errorf("%v: %q", err, &b)
	}
	if err := New(&b).Flush(); err != nil {
		t.Error(err)
	}
}

type around struct{ io.Writer }

func (a around) Unwrap() io.Writer { return a.Writer }

func TestNoTerminalHasNoWidth(t *testing.T) {
	if n := columns(around{&bytes.Buffer{}}); n != 0 {
		t.Errorf("%d columns", n)
	}
}

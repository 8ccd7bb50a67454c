package scenarios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/law"
)

var claimRE = regexp.MustCompile(`^([a-z0-9_]+) *(<=|>=|<|>|=) *([0-9.]+(?:e[+-]?[0-9]+)?)$`)

func readClaims(d *decoder, n *node, path string) any {
	var all []law.Claim
	if n == nil {
		return all
	}
	if n.kind != sequence {
		d.add(n.at.error(path+" is "+n.kind.String()+", want a list of claims",
			`for example ["failed_share < 0.1", "log_error_99 = 3"]`))
		return all
	}
	for _, item := range n.items {
		if !d.isScalar(item, path, "a claim such as failed_share < 0.1") {
			continue
		}
		c, err := parseClaim(item.text)
		switch {
		case err != nil:
			d.add(item.at.error(err.Error(), "want FIGURE OP NUMBER, such as failed_share < 0.1"))
		case law.FigureOf(c.Figure) == nil:
			d.add(item.at.error(fmt.Sprintf("no figure %q", c.Figure), didYouMean(c.Figure, law.FigureNames())))
		default:
			all = append(all, c)
		}
	}
	return all
}

func claimsSchema() schema {
	return schema{"type": "array", "items": schema{
		"type":    "string",
		"pattern": strings.Replace(claimRE.String(), "[a-z0-9_]+", strings.Join(law.FigureNames(), "|"), 1),
	}}
}

// parseClaim takes any name for a figure.
func parseClaim(s string) (law.Claim, error) {
	m := claimRE.FindStringSubmatch(s)
	if m == nil {
		return law.Claim{}, fmt.Errorf("%q is not a claim", s)
	}
	v, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		return law.Claim{}, fmt.Errorf("%q is not a number", m[3])
	}
	return law.Claim{Figure: m[1], Op: m[2], Value: v}, nil
}

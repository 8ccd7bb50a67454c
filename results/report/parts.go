package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
)

// stackPrefix begins the ID of a figure about one variant.
const stackPrefix = "stack-"

// Together are the figures about all variants, but for the one of the first screen.
func (p *page) Together() []chart.Figure {
	return slices.DeleteFunc(slices.Clone(p.Figures), func(f chart.Figure) bool {
		return strings.HasPrefix(f.ID, stackPrefix) || f.ID == chart.OverviewID
	})
}

// Overview is the figure of the first screen.
func (p *page) Overview() *chart.Figure { return p.figure(chart.OverviewID) }

// Stack is the figure about one variant, nil where there was nothing to draw.
func (p *page) Stack(name string) *chart.Figure { return p.figure(stackPrefix + name) }

func (p *page) figure(id string) *chart.Figure {
	for i := range p.Figures {
		if p.Figures[i].ID == id {
			return &p.Figures[i]
		}
	}
	return nil
}

// Baseline is the name of the variant that the others are told from.
func (p *page) Baseline() string { return p.baseline().Name }

// Proxy is how people call the proxy of all variants.
func (p *page) Proxy() string { return p.Run.Plan.ProxyName() }

// ProxyColumn is the same at the head of a column.
func (p *page) ProxyColumn() string { return strings.TrimPrefix(p.Proxy(), "the ") }

// Many says that the table of verdicts fills the first screen without what each variant changes.
func (p *page) Many() bool { return len(p.Variants) > 8 }

// Servers says what ran: the proxies, and what stood behind them.
func (p *page) Servers() string {
	if names := strings.Split(p.Run.Plan.ProxyNames(), ", "); len(names) > 1 {
		return "real " + format.List(names) + " before " + strings.TrimPrefix(p.BackendName(), "a real ")
	}
	return "a real " + p.Run.Plan.ProxyNames() + " and " + p.BackendName()
}

// BackendName says what stood behind nginx.
func (p *page) BackendName() string {
	var names []string
	for _, v := range p.Variants {
		name := "lab99's own backend"
		if real := v.Plan.RealBackend(); real != "" {
			name = strings.Replace("a real "+real, "Apache", "Apache httpd", 1)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " or ")
}

// config is a rendered configuration.
type config struct {
	Name   string
	Lines  []line
	Marked bool // beside the baseline's
}

// Configs are the configurations of a variant, whole.
func (p *page) Configs(name string) []config {
	base := p.baseline()
	var all []config
	for i := range p.Variants {
		v := &p.Variants[i]
		if v.Name != name {
			continue
		}
		for _, c := range []struct {
			name string
			of   func(*results.VariantData) string
		}{
			{v.Data.ProxyFile, func(d *results.VariantData) string { return d.ProxyConf }},
			{v.Data.BackendFile, func(d *results.VariantData) string { return d.BackendConf }},
		} {
			text, was := c.of(&v.Data), c.of(&base.Data)
			if text == "" {
				continue
			}
			marked := was != "" && was != text
			if !marked {
				was = text
			}
			all = append(all, config{c.name, whole(was, text), marked})
		}
	}
	return all
}

// setting is something read back that was not the same for all variants.
type setting struct {
	Setting string
	Values  []string // in the order of the variants
}

// Abilities are what the kernel could do; none in a run of an older lab99.
func (p *page) Abilities() []ability.Finding {
	if p.Run.Env.Abilities == nil {
		return nil
	}
	return p.Run.Env.Abilities.Findings()
}

// EnvDifferences are the settings that differed.
func (p *page) EnvDifferences() []setting {
	all := map[string][]string{}
	for i, v := range p.Variants {
		if v.Env == nil {
			continue
		}
		for host, h := range v.Env.Hosts {
			for name, value := range h.Settings() {
				key := host + ": " + name
				if all[key] == nil {
					all[key] = slices.Repeat([]string{format.NotMeasured}, len(p.Variants))
				}
				all[key][i] = value
			}
		}
	}
	var differ []setting
	for _, key := range slices.Sorted(maps.Keys(all)) {
		seen := slices.DeleteFunc(slices.Clone(all[key]), func(s string) bool { return s == format.NotMeasured })
		slices.Sort(seen)
		if len(slices.Compact(seen)) > 1 {
			differ = append(differ, setting{key, all[key]})
		}
	}
	return differ
}

// Command runs the same again.
func (p *page) Command() string {
	plan := p.Run.Plan
	words := []string{
		"lab99 run", format.ShellWord(plan.Scenario),
		"--size", format.ShellWord(plan.Size),
		"--driver", format.ShellWord(plan.Driver),
	}
	for _, s := range plan.Set {
		words = append(words, "--set", format.ShellWord(s))
	}
	return strings.Join(words, " ")
}

// prose is text in which backquotes mark what one types.
func prose(s string) template.HTML {
	parts := strings.Split(s, "`")
	for i := range parts {
		parts[i] = template.HTMLEscapeString(parts[i])
		if i%2 == 1 {
			parts[i] = fmt.Sprintf("<code>%s</code>", parts[i])
		}
	}
	return template.HTML(strings.Join(parts, ""))
}

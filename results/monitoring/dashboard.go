package monitoring

import (
	"encoding/json"
	"fmt"

	"github.com/lab99/lab99/internal/format"
)

type object = map[string]any

// Grafana's grid is 24 units wide.
const (
	gridWidth   = 24
	panelHeight = 8
)

// query is an expression with its legend.
type query struct{ expr, legend string }

// step is a value from which on a graph is drawn in a colour.
type step struct {
	at     float64
	colour string
}

// panel is a graph of the dashboard, without its place.
type panel struct {
	title, about string
	axis, unit   string // what is counted, and Grafana's name for its unit
	queries      []query
	steps        []step
}

// dashboard is the JSON model of Grafana, of the first limit: the others are
// a change of its variables.
func (v view) dashboard() ([]byte, error) {
	l := limit{Proxy: v.Proxy, Tuples: 28232, HoldS: 61} // of Linux's default range
	if len(v.Limits) > 0 {
		l = v.Limits[0]
	}
	k := float64(l.Tuples)
	const on = `{instance=~"$instance"}`
	var shares, sockets []step // none where the number of TIME_WAIT sockets tells nothing
	if l.Counts() {
		shares = []step{{warnShare, "orange"}, {actShare, "red"}}
		sockets = []step{{warnShare * k, "orange"}, {actShare * k, "red"}}
	}
	live := []panel{
		{
			title: "New outgoing connections per second",
			about: "The line is what the tuples can take for ever if " + v.Proxy + " closes first: tuples over " +
				"hold time. It warns first.",
			axis: "connections per second",
			unit: "cps",
			queries: []query{{"rate(node_netstat_Tcp_ActiveOpens" + on + "[$__rate_interval])", "{{instance}}"},
				{"vector($tuples / $hold)", "the most that is sustained"}},
			steps: []step{{rateShare * l.Rate(), "orange"}, {l.Rate(), "red"}},
		},
		{
			title: "TIME_WAIT sockets, share of the tuples",
			about: "Above one half connect() has to search; at 1 connect() fails with error 99. " +
				"With tcp_tw_reuse=1 this says little: look at the rate.",
			axis:    "share of the tuples",
			unit:    "percentunit",
			queries: []query{{"node_sockstat_TCP_tw" + on + " / $tuples", "{{instance}}"}},
			steps:   shares,
		},
		{"TIME_WAIT sockets", "Of the whole network namespace, whatever their destination.", "sockets", "short",
			[]query{{"node_sockstat_TCP_tw" + on, "{{instance}}"}}, sockets},
		{
			title: "Established connections",
			about: "Both sides of " + v.Proxy + ": clients' and the upstream's. " +
				"Those to the upstream take a tuple each.",
			axis:    "connections",
			unit:    "short",
			queries: []query{{"node_netstat_Tcp_CurrEstab" + on, "{{instance}}"}},
			steps:   []step{{k, "red"}},
		},
	}
	run := []panel{
		{
			title:   "The run: sockets in TIME_WAIT on the proxy",
			about:   "From metrics.txt of the run, once it is in the data source.",
			axis:    "sockets",
			unit:    "short",
			queries: []query{{`sum by (variant) (lab99_sockets{host="proxy",state="time-wait"})`, "{{variant}}"}},
			steps:   []step{{k, "red"}},
		},
		{
			title: "The run: failed requests per second",
			about: "Error 99 and every other cause.",
			axis:  "requests per second",
			unit:  "reqps",
			queries: []query{{`sum by (variant, outcome) (rate(lab99_requests_total{outcome!="ok"}[5s]))`,
				"{{variant}}, {{outcome}}"}},
		},
	}
	return dashboard{
		title: v.Proxy + " source ports (lab99)", uid: shorten(v.Group, 40), tags: []string{"lab99", v.Proxy},
		about: fmt.Sprintf("Limits of the lab99 run %q, %s: %d tuples, held for %s s. Put your own above.", v.ID,
			l.Names(), l.Tuples, format.Number(l.HoldS)),
		variables: variables(l), needs: v.needs(), panels: append(live, run...),
	}.json()
}

// dashboard is one whose panels follow a panel of words.
type dashboard struct {
	title, uid, about string
	tags              []string
	variables         []object
	needs             object
	panels            []panel
}

func (b dashboard) json() ([]byte, error) {
	panels := []object{b.needs}
	for i, p := range b.panels {
		panels = append(panels, p.model(len(panels)+1, i))
	}
	return indented(object{
		"title": b.title, "uid": b.uid, "tags": b.tags, "description": b.about,
		"editable": true, "schemaVersion": 38, "version": 1, "refresh": "10s", "timezone": "utc",
		"time":       object{"from": "now-1h", "to": "now"},
		"templating": object{"list": b.variables},
		"panels":     panels, "annotations": object{"list": []any{}}, "links": []any{},
	})
}

func shorten(s string, most int) string { return s[:min(len(s), most)] }

// variables are what a reader sets at the top.
func variables(l limit) []object {
	box := func(name, label, value string) object {
		return object{"name": name, "label": label, "type": "textbox", "query": value,
			"current": object{"text": value, "value": value},
			"options": []object{{"text": value, "value": value, "selected": true}}}
	}
	return append(instances("node_exporter", "node_sockstat_TCP_tw"),
		box("tuples", "Tuples (ports × addresses)", format.Number(float64(l.Tuples))),
		box("hold", "Hold time, s", format.Number(l.HoldS)))
}

// instances are the data source and those that have a metric.
func instances(label, metric string) []object {
	return []object{
		{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
		{"name": "instance", "label": label, "type": "query", "datasource": source(), "multi": true,
			"includeAll": true, "refresh": 2,
			"query": object{"query": "label_values(" + metric + ", instance)",
				"refId": "instance"}, "current": object{"text": "All", "value": "$__all"}},
	}
}

func source() object { return object{"type": "prometheus", "uid": "${datasource}"} }

// needs says what that of a run needs.
func (v view) needs() object {
	return words("A node_exporter **in " + v.Proxy + "'s network namespace** (a sidecar in a pod), " +
		"with its default collectors sockstat and netstat. " +
		"Set *tuples* to your usable ports times the addresses at both ends, and *hold time* to 61, " +
		"or to 1 with `tcp_tw_reuse=1`. The lowest row shows the lab's own run, " +
		"once `promtool tsdb create-blocks-from openmetrics metrics.txt` has put it into the data source.")
}

// words is the panel that says what a dashboard needs.
func words(markdown string) object {
	return object{"id": 1, "type": "text", "title": "What this needs",
		"gridPos": object{"x": 0, "y": 0, "w": gridWidth, "h": 4},
		"options": object{"mode": "markdown", "content": markdown}}
}

// model places the panel number n, two in a row, below the words.
func (p panel) model(id, n int) object {
	var targets []object
	for i, q := range p.queries {
		targets = append(targets, object{"refId": string(rune('A' + i)), "datasource": source(), "expr": q.expr,
			"legendFormat": q.legend})
	}
	steps := []object{{"color": "green", "value": nil}}
	for _, s := range p.steps {
		steps = append(steps, object{"color": s.colour, "value": s.at})
	}
	mode := "line"
	if p.steps == nil {
		mode = "off"
	}
	return object{"id": id, "type": "timeseries", "title": p.title, "description": p.about,
		"datasource": source(), "targets": targets,
		"gridPos": object{"x": n % 2 * gridWidth / 2, "y": 4 + n/2*panelHeight, "w": gridWidth / 2, "h": panelHeight},
		"fieldConfig": object{"overrides": []any{}, "defaults": object{"unit": p.unit, "min": 0,
			"thresholds": object{"mode": "absolute", "steps": steps}, "custom": object{"axisLabel": p.axis,
				"thresholdsStyle": object{"mode": mode}, "fillOpacity": 10}}},
		"options": object{"legend": object{"displayMode": "list", "placement": "bottom",
			"showLegend": true, "calcs": []any{}},
			"tooltip": object{"mode": "multi", "sort": "none"}},
	}
}

func indented(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

// Package grafanatest holds lab99's dashboards to Grafana's own schema, by the types that
// Grafana generates from it. They are 20 MB of sources, of which the program uses none, so
// this is a module of its own.
package grafanatest

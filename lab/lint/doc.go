// Package lint words what a configuration of nginx or HAProxy does to connections,
// and what is wrong with it: as text for a person, as lab99/lint/v1 for a program, as
// SARIF, and as the annotations of a GitHub workflow.
//
// Packages nginxconf and haproxyconf find what there is to find; this package
// opens no file and knows no rule. docs/lint.md has a lesson for each id, made
// from the rules by a test of this package.
package lint

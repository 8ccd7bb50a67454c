// Package lint words what an nginx configuration does to connections, and what
// is wrong with it: as text for a person, as lab99/lint/v1 for a program, as
// SARIF, and as the annotations of a GitHub workflow.
//
// Package nginxconf knows nginx and finds what there is to find; this package
// opens no file and knows no rule. docs/lint.md has a lesson for each id, made
// from the rules by a test of this package.
package lint

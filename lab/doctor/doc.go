// Package doctor says what this machine has and lacks for a lab.
//
// Examine reads the drivers, a namespace made for the purpose, /proc and the
// disk. Judge is a pure function of these Findings, so that tests need no machine
// of each kind. Each check is one file, with what it reads and how it judges it.
//
// Nothing is changed. No flag or sysctl tells reliably whether namespaces, virtual
// links and mounts can be made. So a child tries them in namespaces of its own,
// and ends at once.
//
// Neighbours: package lab/cli prints the report. The drivers say themselves
// whether they can run, in the same words as when a run opens them.
package doctor

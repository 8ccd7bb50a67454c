// Package doctor says what this machine has and lacks for a lab.
//
// Examine reads: the engine, a namespace cloned for the purpose, /proc, the
// disk. Judge is a pure function of the Facts it brings, so that every verdict
// can be had without a machine of that kind. A check is a file: what it reads,
// and what it makes of it.
//
// Nothing is changed. What has to be tried (a namespace, a virtual link, a
// mount) is tried in namespaces of its own, in a child that ends at once: no
// flag or sysctl tells reliably whether they can be had.
//
// Neighbours: package lab/cli prints the report; package lab/driver/docker is
// asked through Engine; package lab/driver/netns says itself whether it can run,
// so that a run meets nothing else.
package doctor

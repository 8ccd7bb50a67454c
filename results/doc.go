// Package results is what a run leaves on disk: its format, how it is written
// so that a crash loses nothing already measured, and how it is read back.
//
// A run is a directory:
//
//	plan.json        what was asked, fully resolved; its hash is the run's identity
//	env.json         where it ran, read back from inside every namespace
//	<variant>/       samples.jsonl, events.jsonl, latency.hlog and its parts latency-ok.hlog and
//	                 latency-failed.hlog, service.hlog, rendered configs, an excerpt of the error log, verdict.json
//	summary.json     one row per variant, schema lab99/summary/v1
//	report.html, report.md, charts/, metrics.txt, monitoring/
//
// A run that was repeated has its runs as any others, and beside them a group:
// a directory whose group.json names them.
//
// It is written in three steps: plan and environment before anything starts,
// samples and events as they arrive (JSON Lines, so that a cut file keeps its
// prefix), verdict and report at the end. Whole files are written under a
// temporary name and renamed. Everything a report says is read from the
// directory, so a report can be made again, byte for byte, from an old run.
//
// Neighbours: package chart draws a Run, package report words it, package
// compare holds several against each other, packages openmetrics and monitoring
// write one for other programs; package lab is the one that writes.
package results

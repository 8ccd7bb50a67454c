// Package schema carries the JSON Schemas of what lab99 writes for other
// programs to read. A test holds real output against them.
package schema

import _ "embed"

// Summary is the schema of summary.json, lab99/summary/v1.
//
//go:embed summary.v1.json
var Summary []byte

// Load is the schema of what lab99 load --json prints, lab99/load/v1.
//
//go:embed load.v1.json
var Load []byte

// Predict is the schema of what lab99 predict --json prints, lab99/predict/v1.
//
//go:embed predict.v1.json
var Predict []byte

// Doctor is the schema of what lab99 doctor --json prints, lab99/doctor/v1.
//
//go:embed doctor.v1.json
var Doctor []byte

// Abilities is the schema of what lab99 abilities --json prints,
// lab99/abilities/v1.
//
//go:embed abilities.v1.json
var Abilities []byte

// Catalogue is the schema of the summary.json that lab99 run --all writes,
// lab99/catalogue/v1.
//
//go:embed catalogue.v1.json
var Catalogue []byte

// Compare is the schema of what lab99 compare --json prints, lab99/compare/v1.
//
//go:embed compare.v1.json
var Compare []byte

// Lint is the schema of what lab99 lint --json prints of a file, lab99/lint/v1.
//
//go:embed lint.v1.json
var Lint []byte

// Diagnose is the schema of what lab99 diagnose --json prints, lab99/diagnose/v1.
//
//go:embed diagnose.v1.json
var Diagnose []byte

// Explain is the schema of what lab99 explain --json prints, lab99/explain/v1.
//
//go:embed explain.v1.json
var Explain []byte

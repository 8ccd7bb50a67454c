package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// bill is the software bill of materials of one target's program, CycloneDX: what the
// toolchain itself wrote into the binary, so that it cannot say anything else.
type bill struct{}

func (bill) fits(target) bool { return true }

func (bill) name(r *release, t target) string { return stem(r, t) + ".cdx.json" }

func (bill) pack(w io.Writer, r *release, t target, all []file) error {
	at := slices.IndexFunc(all, func(f file) bool { return f.system == program })
	binary := all[at].data
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(binary)
	lab99 := cyclonedx.Component{
		BOMRef:     purl(info.Main.Path, r.version),
		Type:       cyclonedx.ComponentTypeApplication,
		Name:       "lab99",
		Version:    r.version,
		PackageURL: purl(info.Main.Path, r.version),
		Hashes:     &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}},
		Licenses:   &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
		Properties: &[]cyclonedx.Property{{Name: "cdx:gomod:build:env:GOOS", Value: t.os},
			{Name: "cdx:gomod:build:env:GOARCH", Value: t.arch}, {Name: "lab99:revision", Value: r.revision}},
	}
	std := purl("std", info.GoVersion)
	components := []cyclonedx.Component{{
		BOMRef: std, Type: cyclonedx.ComponentTypeLibrary, Name: "std", Version: info.GoVersion, PackageURL: std,
	}}
	needs := []string{std}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		ref := purl(m.Path, m.Version)
		needs = append(needs, ref)
		components = append(components, cyclonedx.Component{
			BOMRef: ref, Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: ref,
			// go.sum's hash, which is of a module's files and not of an archive.
			Properties: &[]cyclonedx.Property{{Name: "cdx:gomod:sum", Value: m.Sum}},
		})
	}
	bom := cyclonedx.NewBOM()
	bom.SerialNumber = serial(sum)
	bom.Metadata = &cyclonedx.Metadata{Timestamp: r.date.Format("2006-01-02T15:04:05Z"), Component: &lab99}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: lab99.BOMRef, Dependencies: &needs}}
	return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
}

// purl is a package's URL, https://github.com/package-url/purl-spec.
func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }

// serial is a UUID (version 8, RFC 9562) of the program's bytes: equal programs have equal bills.
func serial(sum [sha256.Size]byte) string {
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

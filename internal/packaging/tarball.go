package main

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// tgz is a tarball, for every system: unpack it, and run what is in it.
type tgz struct{}

func (tgz) fits(target) bool { return true }

func (tgz) name(r *release, t target) string { return stem(r, t) + ".tar.gz" }

// stem begins the names of what is no distribution's.
func stem(r *release, t target) string { return fmt.Sprintf("lab99_%s_%s_%s", r.version, t.os, t.arch) }

func (tgz) pack(w io.Writer, r *release, t target, all []file) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := archive(z, r.date, stem(r, t)+"/", all, func(f file) string { return f.tarball }); err != nil {
		return err
	}
	return z.Close()
}

// archive writes those files that have a place, by name.
func archive(w io.Writer, date time.Time, dir string, all []file, place func(file) string) error {
	all = slices.DeleteFunc(slices.Clone(all), func(f file) bool { return place(f) == "" })
	slices.SortFunc(all, func(a, b file) int { return strings.Compare(place(a), place(b)) })
	tw := tar.NewWriter(w)
	for _, f := range all {
		err := tw.WriteHeader(&tar.Header{
			Name:    dir + place(f),
			Mode:    int64(f.mode),
			Size:    int64(len(f.data)),
			ModTime: date,
			Uname:   "root",
			Gname:   "root",
		})
		if err != nil {
			return err
		}
		if _, err := tw.Write(f.data); err != nil {
			return err
		}
	}
	return tw.Close()
}

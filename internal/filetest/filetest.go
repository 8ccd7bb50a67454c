// Package filetest writes and reads the files of tests, and hands a fuzz test those of a pattern.
package filetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Write writes a file, and the directories above it that there are not.
func Write[T ~string | ~[]byte](t testing.TB, path string, content T) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Tree writes files below a directory, each under its path with slashes.
func Tree[T ~string | ~[]byte](t testing.TB, dir string, files map[string]T) {
	t.Helper()
	for name, content := range files {
		Write(t, filepath.Join(dir, filepath.FromSlash(name)), content)
	}
}

// Read returns what is in a file.
func Read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Seed adds every file of a pattern to what a fuzz test begins with. There must be one.
func Seed(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatalf("no file is called %s: %v", pattern, err)
	}
	for _, file := range files {
		f.Add(Read(f, file))
	}
}

package nginxconf

import "errors"

// Options say how Load finds files. The zero value reads the files of the
// machine, below the directory of the main file.
type Options struct {
	// Prefix is the directory that relative includes start from, and that no
	// include leaves. The default is the main file's directory, as nginx's is.
	Prefix string

	// Follow lets includes leave the prefix.
	Follow bool

	// Open reads a file by its cleaned path; the default is ReadFile. An error
	// that is fs.ErrNotExist becomes a finding, others too, with their text.
	Open func(path string) ([]byte, error)

	// Glob lists the files that match a pattern, sorted; the default is
	// filepath.Glob. Where Open is given and Glob is not, patterns match nothing.
	Glob func(pattern string) ([]string, error)

	// Text is the main file's, for one that was read already; nil: it is opened.
	Text []byte
}

// A Config is a configuration with what it includes.
type Config struct {
	Name  string  // of the main file
	Files []*Tree // the main file first, then in the order of reading

	// Fragment is the context that the main file is a part of, where it is one:
	// "http" for server{} or upstream{} without http{}, "stream", "server" for
	// bare locations, or "location" for a bare pass. It is read as if it stood
	// there. "": it is a whole file.
	Fragment string

	// Dump says that the main file is output of nginx -T.
	Dump bool

	// Missing are the includes that could not be read, with the reason.
	Missing []MissingInclude

	model *model
}

// A MissingInclude is an include directive that brought nothing in.
type MissingInclude struct {
	Include *Directive
	Path    string // what was looked for
	Err     error  // why it is not there
}

// ErrOutside is the reason for an include that leaves the prefix.
var ErrOutside = errors.New("it is outside the prefix")

// ErrTooDeep is the reason for an include within itself, or nested too deeply.
var ErrTooDeep = errors.New("files include each other in a circle, or are nested too deeply")

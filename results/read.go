package results

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of what is read: a directory of results may come from anywhere.
const (
	maxFile = 256 << 20 // bytes; an hour of samples has some 50 MiB
	maxSize = 1e15      // of a number: beyond it neither times nor counts are exact
)

// cutError says that a file ends in the middle of a record, as one does that
// was being written when the machine went down.
type cutError struct{ at string }

func (e *cutError) Error() string { return e.at + ": it ends in the middle of a record" }

// open opens a regular file: a FIFO would block for ever, a device never end.
func open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, want at most %d", path, info.Size(), int64(maxFile))
	}
	return os.Open(path)
}

func readFile(path string) ([]byte, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// readJSON reads a file that is one value.
func readJSON(path string, v any) error {
	b, err := readFile(path)
	if err != nil {
		return err
	}
	return decode(b, v, path, 1)
}

// decode decodes a piece of a file that begins at a line. Errors carry the
// file, the line and the column.
func decode(b []byte, v any, path string, line int) error {
	err := json.Unmarshal(b, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		if err := bounded(reflect.ValueOf(v), ""); err != nil {
			return fmt.Errorf("%s:%d: %w", path, line, err)
		}
		return nil
	case errors.As(err, &syntax):
		at := place(b, syntax.Offset, path, line)
		// Only a decoder of streams tells an end that came too early by itself.
		early := json.NewDecoder(bytes.NewReader(b)).Decode(new(json.RawMessage))
		if errors.Is(early, io.ErrUnexpectedEOF) || errors.Is(early, io.EOF) {
			return &cutError{at}
		}
		return fmt.Errorf("%s: %w", at, err)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: %w", place(b, kind.Offset, path, line), err)
	}
	return fmt.Errorf("%s:%d: %w", path, line, err)
}

// place is where the byte before an offset stands: file:line:column.
func place(b []byte, offset int64, path string, line int) string {
	before := b[:min(max(offset-1, 0), int64(len(b)))]
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("%s:%d:%d", path, line+bytes.Count(before, []byte("\n")), column)
}

// bounded refuses numbers that no run can have measured. What is drawn of them
// would take for ever, or show nothing.
func bounded(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return bounded(v.Elem(), path)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			at := path
			// JSON has the fields of an embedded struct beside the others.
			if field := v.Type().Field(i); !field.Anonymous {
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				at = strings.TrimPrefix(path+"."+name, ".")
			}
			if err := bounded(v.Field(i), at); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := bounded(v.Index(i), path); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := bounded(it.Value(), path); err != nil {
				return err
			}
		}
	case reflect.Float64:
		if f := v.Float(); math.Abs(f) > maxSize {
			return fmt.Errorf("%s is %g, want at most %g", path, f, maxSize)
		}
	case reflect.Int, reflect.Int64:
		if n := v.Int(); path != "seed" && (n > maxSize || n < -maxSize) {
			return fmt.Errorf("%s is %d, want at most %g", path, n, maxSize)
		}
	}
	return nil
}

// readLines reads a JSON Lines file. With a cut one it returns the records
// before the cut, and the error that says so.
func readLines[T any](path string) ([]T, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseLines[T](f, path)
}

func parseLines[T any](from io.Reader, path string) ([]T, error) {
	var all []T
	r := bufio.NewReader(from)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF && len(line) > 0 {
			return all, &cutError{fmt.Sprintf("%s:%d", path, n)}
		}
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var v T
		err = decode(line, &v, path, n)
		if cut := (*cutError)(nil); errors.As(err, &cut) {
			err = errors.New(cut.Error()) // in the middle of a file it is no cut
		}
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}

// readText is a file's text, "" where there is none.
func readText(path string) string {
	b, err := readFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

// readLatency reads a log of one histogram.
func readLatency(path string) (*hdr.Histogram, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parseLatency(b, path)
}

func parseLatency(b []byte, path string) (*hdr.Histogram, error) {
	line := 1 // the histogram's: the first that is no comment
	for l := range bytes.Lines(b) {
		if l[0] != '#' && l[0] != '"' {
			break
		}
		line++
	}
	at := fmt.Sprintf("%s:%d", path, line)
	h, err := hdr.NewHistogramLogReader(bytes.NewReader(b)).NextIntervalHistogram()
	switch {
	case (err != nil || h == nil) && !bytes.HasSuffix(b, []byte("\n")),
		err == nil && h == nil && line > bytes.Count(b, []byte("\n")):
		return nil, &cutError{at}
	case err != nil:
		return nil, fmt.Errorf("%s: %w", at, err)
	case h == nil:
		return nil, fmt.Errorf("%s: no histogram, want \"start,length,max,payload\"", at)
	}
	return h, nil
}

package verdict

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/lab99/lab99/results"
)

// row is what figures are read from.
type row struct {
	m *Measured
	v *results.Variant
}

// Counter is a counter of the proxy's kernel over the run; one that is absent has not moved.
func (r row) Counter(name string) *float64 {
	if r.m.Proxy == nil {
		return nil
	}
	return num(r.m.Proxy.Counters[name])
}

// Field is a number of the row. A path that leads to none is a mistake in law.Figures.
func (r row) Field(path string) *float64 {
	at := reflect.ValueOf(r.v)
	for name := range strings.SplitSeq(path, ".") {
		if at = reflect.Indirect(at); !at.IsValid() {
			return nil
		}
		at = named(at, name)
	}
	switch at = reflect.Indirect(at); {
	case !at.IsValid():
		return nil
	case at.CanInt():
		return num(at.Int())
	case at.CanFloat():
		x := at.Float()
		return &x
	}
	panic(fmt.Sprintf("%s of a row is no number", path))
}

// named is a field of a struct by its name in JSON.
func named(of reflect.Value, name string) reflect.Value {
	if of.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(of.Type()) {
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
				return of.FieldByIndex(f.Index)
			}
		}
	}
	panic(fmt.Sprintf("a row has no %s", name))
}

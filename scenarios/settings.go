package scenarios

import (
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// Settings are the fields in which a variant differs from the defaults, by
// their keys as --set names them. Whoever stores or compares what a variant
// asks for needs no list of fields of its own.
func (v Variant) Settings() map[string]string { return settings(reflect.ValueOf(v), "") }

func settings(v reflect.Value, path string) map[string]string {
	all := map[string]string{}
	for _, f := range fieldsOf(v.Type()) {
		name, x := join(path, f.key), v.FieldByIndex(f.Index)
		switch x := x.Interface().(type) {
		case Ports:
			all[name] = x.String()
		case Sysctls:
			for key, value := range x {
				all[join(name, key)] = value
			}
		case *time.Duration:
			if x == nil {
				all[name] = "none"
			} else {
				maps.Copy(all, settings(reflect.ValueOf(stopRule{*x}), name))
			}
		case []law.Claim:
			if len(x) > 0 {
				all[name] = fmt.Sprint(x)
			}
		default:
			if f.section() {
				maps.Copy(all, settings(v.FieldByIndex(f.Index), name))
			} else if !reflect.DeepEqual(x, f.fallback().Interface()) {
				all[name] = written(x)
			}
		}
	}
	return all
}

// fallback is the value of a field where a scenario gives none.
func (f field) fallback() reflect.Value {
	v := reflect.New(f.Type).Elem()
	if text := f.Tag.Get("default"); text != "" {
		(&decoder{}).value(f, &node{text: text}, f.key, v)
	}
	return v
}

// written is a plain value as a file has it.
func written(x any) string {
	switch x {
	case true:
		return "on"
	case false:
		return "off"
	}
	return fmt.Sprint(x)
}

package scenarios

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// A notation is how a type of its own kind is written in a file.
type notation struct {
	read   func(d *decoder, n *node, path string) any // n is nil where the file says nothing
	schema func() schema
	keys   func(f field, path string) []Key
}

// notations are the types that are neither a plain value nor a tagged struct.
var notations map[reflect.Type]notation

func init() { // they read fields, which may have a notation
	notations = map[reflect.Type]notation{
		reflect.TypeFor[Ports]():          {readPorts, portsSchema, oneKey("a number, default, or LOW-HIGH")},
		reflect.TypeFor[Sysctls]():        {readSysctls, sysctlsSchema, sysctlKeys},
		reflect.TypeFor[*time.Duration](): {readStop, stopSchema, stopKeys},
		reflect.TypeFor[[]law.Claim]():    {readClaims, claimsSchema, oneKey("a list of claims")},
		reflect.TypeFor[Aliases]():        {readAliases, aliasesSchema, nil},
	}
}

func oneKey(typ string) func(field, string) []Key {
	return func(f field, path string) []Key { return []Key{f.describe(path, typ)} }
}

// The bounds of a range of ports.
const (
	firstPort   = 20000 // of a range given by its size
	defaultLow  = 32768 // the kernel's default range, net.ipv4.ip_local_port_range
	defaultHigh = 60999
	lowestPort  = 1024 // ip_unprivileged_port_start: the kernel refuses a range that begins below it
	highestPort = 65535
	maxPorts    = defaultLow - firstPort
)

func readPorts(d *decoder, n *node, path string) any {
	def := Ports{defaultLow, defaultHigh, true}
	if !d.isScalar(n, path, "a number of ports") || n.text == "default" {
		return def
	}
	if low, high, ok := strings.Cut(n.text, "-"); ok && low != "" {
		l, err1 := strconv.Atoi(low)
		h, err2 := strconv.Atoi(high)
		if err1 == nil && err2 == nil && lowestPort <= l && l <= h && h <= highestPort {
			return Ports{Low: l, High: h}
		}
		d.add(n.at.error(fmt.Sprintf("%s is %s, want LOW-HIGH within %d-%d",
			path, n.text, lowestPort, highestPort), ""))
		return def
	}
	p, err := strconv.Atoi(n.text)
	switch {
	case err != nil || n.quoted:
		hint := "for example 500: the range 20000-20499"
		if n.quoted {
			hint = unquote
		}
		d.add(n.at.error(fmt.Sprintf("%s is %q, want a number of ports, default, or LOW-HIGH", path, n.text), hint))
	case p < 1 || p > maxPorts:
		d.add(n.at.error(fmt.Sprintf("%s is %d, want 1 to %d", path, p, maxPorts), fmt.Sprintf(
			"a range given by its size starts at %d and stays below the kernel's default range; `default` is that one "+
				"(%d-%d, %d ports), and LOW-HIGH, such as 1024-65535, any other",
			firstPort, defaultLow, defaultHigh, def.N())))
	default:
		return Ports{Low: firstPort, High: firstPort + p - 1}
	}
	return def
}

func portsSchema() schema {
	return schema{"anyOf": []schema{
		{"type": "integer", "minimum": 1, "maximum": maxPorts},
		{"type": "string", "pattern": "^(default|[0-9]+-[0-9]+)$"},
	}}
}

const portRangeKey = "net.ipv4.ip_local_port_range"

var sysctlRE = regexp.MustCompile(`^net(\.[a-zA-Z0-9_-]+)+$`)

func readSysctls(d *decoder, n *node, path string) any {
	m := Sysctls{}
	if n == nil {
		return m
	}
	if n.kind != mapping {
		d.add(n.at.error(path+" is "+n.kind.String()+", want a mapping of sysctl names to values",
			"for example {net.ipv4.tcp_tw_reuse: 1}"))
		return m
	}
	for _, e := range n.entries {
		switch {
		case e.key == portRangeKey:
			d.add(e.at.error(portRangeKey+" follows `ports`, so that predictions know it",
				"set ports: 500, ports: default, or ports: 1024-65535"))
		case !sysctlRE.MatchString(e.key):
			d.add(e.at.error(fmt.Sprintf("%q is not a sysctl of a network namespace", e.key),
				"only net.* can differ between the proxy and the machine, such as net.ipv4.tcp_tw_reuse"))
		case d.isScalar(e.val, join(path, e.key), "a string"):
			m[e.key], _ = d.text(field{}, e.val, join(path, e.key))
		}
	}
	return m
}

func sysctlsSchema() schema {
	return schema{
		"type": "object", "additionalProperties": schema{"type": anyScalar, "pattern": oneLine},
		"propertyNames": schema{"pattern": sysctlRE.String(), "not": schema{"const": portRangeKey}},
	}
}

func sysctlKeys(f field, path string) []Key {
	return []Key{f.describe(path+".NAME", "a string")}
}

// stopRule is the mapping that load.stop may be.
type stopRule struct {
	AfterError99 time.Duration `yaml:"after_error_99" default:"5s" in:"0s..30m" help:"since the first error 99"`
}

func readStop(d *decoder, n *node, path string) any {
	switch {
	case n != nil && n.kind == scalar:
		if d.isScalar(n, path, "none or {after_error_99: 5s}") && n.text != "none" {
			d.add(n.at.error(fmt.Sprintf("%s is %q", path, n.text), didYouMean(n.text, []string{"none"})))
		}
		return (*time.Duration)(nil)
	case n != nil && n.kind != mapping:
		d.add(n.at.error(path+" is "+n.kind.String()+", want none or {after_error_99: 5s}", ""))
		return (*time.Duration)(nil)
	}
	var rule stopRule
	d.section(n, path, blame{}, reflect.ValueOf(&rule).Elem())
	return &rule.AfterError99
}

func stopSchema() schema {
	return schema{"anyOf": []schema{{"const": "none"}, objectOf(reflect.TypeFor[stopRule](), false)}}
}

func stopKeys(f field, path string) []Key {
	none := f.describe(path, "none")
	none.Values = []string{"none"}
	return append([]Key{none}, keysIn(reflect.TypeFor[stopRule](), path)...)
}

package probe

import (
	"fmt"
	"maps"
	"slices"
)

func watchedSysctls(more []string) map[string]string {
	m := Sysctls(more...)
	delete(m, "net.netfilter.nf_conntrack_count") // it counts, it is not set
	return m
}

func sysctlChanges(was, is map[string]string) []string {
	var said []string
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if now, ok := is[name]; !ok {
			said = append(said, fmt.Sprintf("%s could no longer be read", name))
		} else if now != was[name] {
			said = append(said, fmt.Sprintf("%s changed from %q to %q", name, was[name], now))
		}
	}
	return said
}

func addressChanges(was, is []string) []string {
	var said []string
	for _, a := range was {
		if !slices.Contains(is, a) {
			said = append(said, "address "+a+" was removed")
		}
	}
	return said
}

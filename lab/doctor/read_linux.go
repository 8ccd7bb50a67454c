package doctor

import (
	"os"
	"strconv"
	"strings"
)

func readConntrack() Conntrack {
	b, err := os.ReadFile("/proc/sys/net/netfilter/nf_conntrack_max")
	if err != nil {
		return Conntrack{}
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	return Conntrack{Loaded: err == nil, Max: n}
}

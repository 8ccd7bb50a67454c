package probe

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// routesAtMost is how much of a table of routes is read: routers have a million of them.
const routesAtMost = 8 << 20

// LocalAddresses are those that a network namespace has, read from its directory of
// /proc, such as /proc/thread-self/net: no request of netlink, and no membership in the
// namespace is needed. 127.0.0.0/8 and ::1, which all have, are left out.
func LocalAddresses(dir string) ([]netip.Addr, error) {
	var all []netip.Addr
	for name, read := range map[string]func(io.Reader) ([]netip.Addr, error){"fib_trie": readFibTrie, "if_inet6": readIfInet6} {
		f, err := os.Open(filepath.Join(dir, name))
		if os.IsNotExist(err) {
			continue // without IPv6 there is no if_inet6
		}
		if err != nil {
			return nil, err
		}
		some, err := read(io.LimitReader(f, routesAtMost))
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, some...)
	}
	all = slices.DeleteFunc(all, netip.Addr.IsLoopback)
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all), nil
}

// readFibTrie finds the local addresses in the table of routes: a leaf, "|-- 10.0.0.5",
// has one of them if "/32 host LOCAL" follows (fib_trie_seq_show, net/ipv4/fib_trie.c).
func readFibTrie(r io.Reader) (all []netip.Addr, err error) {
	var leaf netip.Addr
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) == 2 && f[0] == "|--":
			if leaf, err = netip.ParseAddr(f[1]); err != nil {
				return nil, err
			}
		case len(f) == 3 && f[0] == "/32" && f[1] == "host" && f[2] == "LOCAL" && leaf.IsValid():
			all = append(all, leaf)
		}
	}
	return all, lines.Err()
}

// readIfInet6 reads 32 digits of an address in each line (if6_seq_show,
// net/ipv6/addrconf.c).
func readIfInet6(r io.Reader) (all []netip.Addr, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		digits, _, _ := strings.Cut(lines.Text(), " ")
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) != 16 {
			return nil, fmt.Errorf("%q is no address", digits)
		}
		all = append(all, netip.AddrFrom16([16]byte(b)))
	}
	return all, lines.Err()
}

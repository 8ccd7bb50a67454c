package probe

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
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
	for name, read := range map[string]func(io.Reader) ([]netip.Addr, error){
		"fib_trie": readFibTrie,
		"if_inet6": readIfInet6,
	} {
		f, err := openTable(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
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

// LocalPrefixes are the IPv4 networks all of whose addresses are a network namespace's
// own, by `ip route add local 10.0.0.0/24 dev lo`, without 127.0.0.0/8.
func LocalPrefixes(dir string) ([]netip.Prefix, error) {
	f, err := openTable(filepath.Join(dir, "fib_trie"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := readLocalRoutes(io.LimitReader(f, routesAtMost))
	if err != nil {
		return nil, fmt.Errorf("read fib_trie: %w", err)
	}
	all = slices.DeleteFunc(all, func(p netip.Prefix) bool { return p.IsSingleIP() || p.Addr().IsLoopback() })
	slices.SortFunc(all, netip.Prefix.Compare)
	return slices.Compact(all), nil
}

// readFibTrie finds the local addresses in the table of routes.
func readFibTrie(r io.Reader) (all []netip.Addr, err error) {
	routes, err := readLocalRoutes(r)
	for _, p := range routes {
		if p.IsSingleIP() {
			all = append(all, p.Addr())
		}
	}
	return all, err
}

// readLocalRoutes finds the local routes: a leaf, "|-- 10.0.0.5", is one of them if
// "/32 host LOCAL" follows (fib_trie_seq_show, net/ipv4/fib_trie.c).
func readLocalRoutes(r io.Reader) (all []netip.Prefix, err error) {
	leaf := ""
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if address, found := bytes.CutPrefix(line, []byte("|-- ")); found {
			leaf = string(address)
		} else if length, found := bytes.CutSuffix(line, []byte(" host LOCAL")); found && leaf != "" {
			p, err := netip.ParsePrefix(leaf + string(length))
			if err != nil {
				return nil, err
			}
			all = append(all, p)
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

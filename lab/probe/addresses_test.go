package probe

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

// fibTrie is that of Linux 6.18, in part.
const fibTrie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
Local:
  +-- 10.0.0.0/24 2 0 1
     |-- 10.0.0.0
        /24 link UNICAST
     |-- 10.0.0.5
        /32 host LOCAL
     |-- 10.7.0.0
        /24 host LOCAL
     |-- 10.0.0.255
        /32 link BROADCAST
  +-- 127.0.0.0/8 2 0 2
     |-- 127.0.0.0
        /8 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
`

const ifInet6 = `fd000099000000000000000000000001 02 80 00 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
`

func TestLocalAddresses(t *testing.T) {
	dir := t.TempDir()
	filetest.Write(t, filepath.Join(dir, "fib_trie"), fibTrie)
	if got, err := LocalAddresses(dir); err != nil || fmt.Sprint(got) != "[10.0.0.5]" {
		t.Errorf("without IPv6: %v, %v; want 10.0.0.5", got, err)
	}
	if got, err := LocalPrefixes(dir); err != nil || fmt.Sprint(got) != "[10.7.0.0/24]" {
		t.Errorf("%v, %v; want 10.7.0.0/24", got, err)
	}
	filetest.Write(t, filepath.Join(dir, "if_inet6"), ifInet6)
	if got, err := LocalAddresses(dir); err != nil || fmt.Sprint(got) != "[10.0.0.5 fd00:99::1]" {
		t.Errorf("%v, %v; want 10.0.0.5 and fd00:99::1", got, err)
	}
	filetest.Write(t, filepath.Join(dir, "if_inet6"), "fd00 02 80\n")
	if got, err := LocalAddresses(dir); err == nil {
		t.Errorf("half an address is read as %v", got)
	}
}

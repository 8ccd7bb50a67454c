package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var addrs = []netip.Addr{
	netip.MustParseAddr("198.18.99.20"),
	netip.MustParseAddr("fd00::1"),
	netip.MustParseAddr("::ffff:198.18.99.129"),
}

// verify checks the pair as a client does that trusts it and nothing else.
func verify(t *testing.T, p Pair, server string, at time.Time) error {
	t.Helper()
	pair, err := tls.X509KeyPair(p.Certificate, p.Key) // also that the key is the certificate's
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(pair.Leaf)
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: server, CurrentTime: at})
	return err
}

func TestIsTrustedAtItsAddressesForADay(t *testing.T) {
	p, err := New(addrs...)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, tc := range map[string]struct {
		server string
		at     time.Time
		err    string // "": none
	}{
		"IPv4":           {"198.18.99.20", now, ""},
		"IPv6":           {"fd00::1", now, ""},
		"mapped IPv4":    {"198.18.99.129", now, ""},
		"a clock behind": {"198.18.99.20", now.Add(-30 * time.Minute), ""},
		"a long run":     {"198.18.99.20", now.Add(23 * time.Hour), ""},
		"the next day":   {"198.18.99.20", now.Add(25 * time.Hour), "expired"},
		"somebody else":  {"198.18.99.21", now, "not 198.18.99.21"},
		"the name":       {"lab99", now, ""},
		"another name":   {"lab98", now, "not lab98"},
	} {
		err := verify(t, p, tc.server, tc.at)
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: %v, want %q", name, err, tc.err)
		}
	}
}

func TestNoTwoAlike(t *testing.T) {
	a, err := New(addrs...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(addrs...)
	if err != nil {
		t.Fatal(err)
	}
	if string(a.Key) == string(b.Key) || string(a.Certificate) == string(b.Certificate) {
		t.Error("two runs share a key")
	}
}

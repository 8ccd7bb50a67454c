// Package certificate makes the certificate of a run's HTTPS backend.
//
// It is made when the run's addresses are known, names just them, and is of no
// use a day later: nothing secret needs to be kept in the program or the tree.
//
// Neighbours: package lab puts the two files into the backend's host.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/netip"
	"time"
)

// Name is in every certificate beside the addresses: nginx compares only names
// (proxy_ssl_name), even with an upstream that has none.
const Name = "lab99"

// validFor outlives the longest run.
const validFor = 24 * time.Hour

// A Pair is a certificate and its key, both PEM. The certificate signs itself,
// so it is also the one to trust (nginx: proxy_ssl_trusted_certificate).
type Pair struct {
	Certificate []byte
	Key         []byte
}

// New makes a pair for a server at the given addresses. The key is ECDSA on
// P-256, whose handshakes are the cheapest that every nginx and Apache speaks:
// the lab is about connections, not about arithmetic.
func New(addrs ...netip.Addr) (Pair, error) { return at(time.Now(), addrs) }

func at(now time.Time, addrs []netip.Addr) (Pair, error) {
	fail := func(err error) (Pair, error) { return Pair{}, fmt.Errorf("make a certificate for %v: %w", addrs, err) }
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fail(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return fail(err)
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "lab99 backend"},
		NotBefore:             now.Add(-time.Hour), // another machine's clock may be behind
		NotAfter:              now.Add(validFor),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{Name},
	}
	for _, a := range addrs {
		t.IPAddresses = append(t.IPAddresses, a.Unmap().AsSlice())
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return fail(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fail(err)
	}
	return Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
	}, nil
}

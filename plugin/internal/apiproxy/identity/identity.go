// Package identity gives a server on a loopback address a key of its own, and
// its clients a kubeconfig that trusts nothing else.
//
// For a directory and an address, it writes three files:
//
//	identity.pem   the key and the certificate, for nobody else to read
//	starts         how many servers have had it
//	config         a kubeconfig: the address, the certificate, and where the client's own token is
//
// A client such as istiod reads its kubeconfig once. So the key is kept as long
// as the directory exists: clients trust a server that was restarted. If the key
// in the directory cannot be used, [Load] makes another one and says so: clients
// that have read the old kubeconfig must then be restarted.
package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
)

const (
	keyFile    = "identity.pem"
	startsFile = "starts"
	configFile = "config"

	// validity is longer than any Pod lives; who holds the key holds the directory.
	validity = 10 * 365 * 24 * time.Hour
	// early is how long before its end a certificate is not used any more.
	early = validity / 10
	// skew is how far back clocks may be.
	skew = 24 * time.Hour
)

// Identity is a server's key and certificate.
type Identity struct {
	Certificate tls.Certificate
	// Authority is the certificate that clients trust, in PEM.
	Authority []byte
	// Before is the number of earlier servers with this identity.
	Before uint64
	// Lost is the reason why an existing identity was not kept; nil if there was none.
	Lost error
}

// Load reads the identity in a directory, or creates it. The certificate is for a
// host name or address in addition to those of the loopback interface. Each call
// counts as a start.
func Load(dir, host string, now time.Time) (*Identity, error) {
	id, err := load(dir, host, now)
	if errors.Is(err, fs.ErrNotExist) {
		id, err = generate(dir, host, now)
	} else if err != nil {
		lost := err
		if id, err = generate(dir, host, now); err == nil {
			id.Lost = lost
		}
	}
	if err != nil {
		return nil, err
	}
	starts := strconv.FormatUint(id.Before+1, 10) + "\n"
	return id, atomicwrite.File(filepath.Join(dir, startsFile), "", 0o600, strings.NewReader(starts))
}

// load reads an identity that is there and can be used. Without the number of
// starts it cannot.
func load(dir, host string, now time.Time) (*Identity, error) {
	path := filepath.Join(dir, keyFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	id, err := parse(text, host, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	path = filepath.Join(dir, startsFile)
	starts, err := os.ReadFile(path)
	if err == nil {
		id.Before, err = strconv.ParseUint(strings.TrimSpace(string(starts)), 10, 32)
	}
	if err == nil && id.Before == 0 {
		err = errors.New("found 0: must be at least 1")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %v", path, err) //nolint:errorlint // a file that is missing here is no reason to be silent
	}
	return id, nil
}

func parse(text []byte, host string, now time.Time) (*Identity, error) {
	certificate, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, err
	}
	leaf := certificate.Leaf
	switch {
	case now.Before(leaf.NotBefore):
		return nil, fmt.Errorf("is valid from %s on", leaf.NotBefore.Format(time.DateOnly))
	case now.After(leaf.NotAfter.Add(-early)):
		return nil, fmt.Errorf("is valid until %s, which is less than %d days away", leaf.NotAfter.Format(time.DateOnly), early/24/time.Hour)
	}
	if err := leaf.VerifyHostname(host); err != nil {
		return nil, err
	}
	return &Identity{
		Certificate: certificate,
		Authority:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}),
	}, nil
}

func generate(dir, host string, now time.Time) (*Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "istio-tenancy api-proxy"},
		NotBefore:    now.Add(-skew),
		NotAfter:     now.Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},

		BasicConstraintsValid: true, // and it is no authority: it vouches for itself alone
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if host != "" {
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := os.Remove(filepath.Join(dir, startsFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err // it would be the former one's
	}
	err = errors.Join(
		pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.Encode(&text, &pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		atomicwrite.File(filepath.Join(dir, keyFile), "", 0o600, bytes.NewReader(text.Bytes())),
	)
	if err != nil {
		return nil, err
	}
	return parse(text.Bytes(), host, now)
}

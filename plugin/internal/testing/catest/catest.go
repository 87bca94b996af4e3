// Package catest makes CA certificates for tests.
package catest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Root is the certificate of a new root, as PEM.
func Root(t *testing.T, name string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return sign(t, pkix.Name{CommonName: name}, public, private)
}

// Renew is another certificate for the key of a root, by a key of nobody's: who reads
// it as a root believes in the key alone.
func Renew(t *testing.T, root string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(root))
	old, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return sign(t, old.Subject, old.PublicKey, private)
}

func sign(t *testing.T, name pkix.Name, public, private any) string {
	t.Helper()
	parent := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: name, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, parent, parent, public, private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

package xds

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Sign asks an istiod's CA for a certificate, as a proxy does that has a token
// of its ServiceAccount for the audience istio-ca. root is the CA's certificate
// in PEM, host a name that istiod's own certificate has.
func Sign(ctx context.Context, address, host, root, token string) (*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(root))
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: host})))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	// IstioCertificateRequest has the string csr as field 1, and
	// IstioCertificateResponse the strings cert_chain: so have these two.
	request := wrapperspb.String(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
	var response fieldmaskpb.FieldMask
	if err := connection.Invoke(ctx, "/istio.v1.auth.IstioCertificateService/CreateCertificate", request, &response); err != nil {
		return nil, fmt.Errorf("ask %s to sign: %w", address, err)
	}
	if len(response.Paths) == 0 {
		return nil, errors.New("an empty chain")
	}
	block, _ := pem.Decode([]byte(response.Paths[0]))
	if block == nil {
		return nil, errors.New("no PEM in the chain")
	}
	return x509.ParseCertificate(block.Bytes)
}

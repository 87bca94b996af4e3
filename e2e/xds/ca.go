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

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Sign asks an istiod's CA for a certificate, and returns it with its key.
// impersonated is an identity that the caller would like to have instead of
// its own, as a node's agent may, or empty.
func (c Caller) Sign(ctx context.Context, impersonated string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	request, err := signingRequest(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), impersonated)
	if err != nil {
		return nil, err
	}
	connection, ctx, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	// IstioCertificateResponse has the strings cert_chain as field 1: so has this.
	var response fieldmaskpb.FieldMask
	if err := connection.Invoke(ctx, "/istio.v1.auth.IstioCertificateService/CreateCertificate", request, &response); err != nil {
		return nil, fmt.Errorf("ask %s to sign: %w", c.Address, err)
	}
	if len(response.Paths) == 0 {
		return nil, errors.New("an empty chain")
	}
	certificate := &tls.Certificate{PrivateKey: key}
	for _, text := range response.Paths {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errors.New("no PEM in the chain")
		}
		certificate.Certificate = append(certificate.Certificate, block.Bytes)
	}
	certificate.Leaf, err = x509.ParseCertificate(certificate.Certificate[0])
	return certificate, err
}

// signingRequest is an IstioCertificateRequest: the string csr is its field 1,
// the Struct metadata its field 4.
func signingRequest(csr []byte, impersonated string) (proto.Message, error) {
	raw := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), csr)
	if impersonated != "" {
		metadata, err := structpb.NewStruct(map[string]any{"ImpersonatedIdentity": impersonated})
		if err != nil {
			return nil, err
		}
		encoded, err := proto.Marshal(metadata)
		if err != nil {
			return nil, err
		}
		raw = protowire.AppendBytes(protowire.AppendTag(raw, 4, protowire.BytesType), encoded)
	}
	request := &emptypb.Empty{}
	request.ProtoReflect().SetUnknown(raw)
	return request, nil
}

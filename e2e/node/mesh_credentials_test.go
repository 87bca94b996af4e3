package node_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// patience is for what istiod, its agents, the engine and the kubelet do in their own time:
// minutes, where much else runs. What comes sooner is not waited for.
const patience = 3 * time.Minute

// credential is what a client shows to a mesh.
type credential string

const (
	plaintext credential = "plaintext"
	own       credential = "a certificate of the mesh for its own namespace"
	ofOther   credential = "a certificate of another mesh"
	// foreign is of this mesh's CA: no token of the mesh's audience is had in a foreign
	// namespace, so that the tests sign one with the API server's key.
	foreign credential = "a certificate of the mesh for a foreign namespace"
)

// identity is that of the Pods in a namespace of the mesh.
func (m *mesh) identity(namespace string) string { return m.tenant.identity(namespace) }

func (t *tenant) identity(namespace string) string {
	return "spiffe://" + t.name + ".mesh/ns/" + namespace + "/sa/default"
}

// certificate is nil for plaintext. The others are of the istiods that are named.
func (m *mesh) certificate(of credential) (*tls.Certificate, error) {
	w := &shared
	switch of {
	case own:
		token, err := w.node.Cluster.ServiceAccountToken(m.caller.namespace, "default", m.tenant.audience())
		if err != nil {
			return nil, err
		}
		return w.sign(m.tenant, token, m.identity(m.caller.namespace))
	case ofOther:
		token, err := w.node.Cluster.ServiceAccountToken(m.foreign(), "default", m.other.audience())
		if err != nil {
			return nil, err
		}
		return w.sign(m.other, token, m.other.identity(m.foreign()))
	case foreign:
		token, err := w.node.Cluster.Forge(cluster.Claims{
			Audience: m.tenant.audience(), Namespace: m.foreign(), Name: "default", Expires: time.Now().Add(time.Hour)}, nil)
		if err != nil {
			return nil, err
		}
		return w.sign(m.tenant, token, m.identity(m.foreign()))
	}
	return nil, nil
}

func (t *tenant) audience() string { return t.name + ".istio-tenancy.dev" }

// sign asks a tenant's istiod for a certificate, with a token.
func (w *world) sign(t *tenant, token, identity string) (*tls.Certificate, error) {
	admin := w.node.Cluster.Admin
	service, err := admin.Get("/api/v1/namespaces/" + t.controlPlane + "/services/" + t.istiod())
	if err != nil {
		return nil, err
	}
	address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
	root, err := admin.Get("/api/v1/namespaces/" + t.applications[0] + "/configmaps/istio-ca-root-cert")
	if err != nil {
		return nil, err
	}
	text, _, _ := unstructured.NestedString(root.Object, "data", "root-cert.pem")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(text))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	certificate, err := xds.Caller{
		Address: address + ":15012", Metadata: xds.Bearer(token),
		TLS: &tls.Config{RootCAs: roots, ServerName: t.istiod() + "." + t.controlPlane + ".svc"},
	}.Sign(ctx, "")
	if err != nil {
		return nil, err
	}
	if uris := certificate.Leaf.URIs; len(uris) != 1 || uris[0].String() != identity {
		return nil, fmt.Errorf("a certificate for %v; want %s", uris, identity)
	}
	return certificate, nil
}

// What becomes of an attempt, beside "answered IDENTITY".
const (
	cutOff           = "cut off"
	unknownAuthority = "unknown authority"
	denied           = "PermissionDenied"
)

// ask asks a member who calls, over a new connection; without a certificate, in
// plaintext.
func ask(from node.Place, address string, certificate *tls.Certificate) string {
	transport := insecure.NewCredentials()
	if certificate != nil {
		transport = credentials.NewTLS(&tls.Config{
			InsecureSkipVerify: true, // the server's identity is no matter of this client's
			// By this, it shows the certificate even where the server names other authorities.
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil },
		})
	}
	connection, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(transport), grpc.WithNoProxy(),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) { return from.Dial(ctx, "tcp", address) }))
	if err != nil {
		return err.Error()
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var caller wrapperspb.StringValue
	err = connection.Invoke(ctx, "/e2e.Who/Ask", &emptypb.Empty{}, &caller)
	return outcome(caller.Value, err)
}

// ended is how a client reads that the server has closed the connection, wherever it was.
var ended = regexp.MustCompile(`EOF|broken pipe|connection reset`)

func outcome(caller string, err error) string {
	switch refused := status.Convert(err); {
	case err == nil:
		return "answered " + caller
	case refused.Code() == codes.PermissionDenied:
		return denied
	case strings.Contains(refused.Message(), "unknown certificate authority"):
		return unknownAuthority
	case refused.Code() == codes.Unavailable && ended.MatchString(refused.Message()):
		return cutOff
	default:
		return refused.Code().String() + ": " + refused.Message()
	}
}

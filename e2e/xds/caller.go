package xds

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// Types that istiod knows beside those of a Snapshot.
const (
	Secrets    = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
	Names      = "type.googleapis.com/istio.networking.nds.v1.NameTable"
	Extensions = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"
	Debug      = "istio.io/debug"
	Statuses   = "istio.io/debug/syncz" // of proxies, which proxy-status shows
)

// Caller is who asks, whom, and with what credentials.
type Caller struct {
	// Address is host:port of an istiod.
	Address string
	// TLS is nil for plaintext.
	TLS *tls.Config
	// Metadata are pairs of a key and a value, sent with every request.
	Metadata []string
	// Dial connects, if it is not nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Bearer is the metadata of a caller with a token.
func Bearer(token string) []string { return []string{"authorization", "Bearer " + token} }

func (c Caller) connect(ctx context.Context) (*grpc.ClientConn, context.Context, error) {
	transport := insecure.NewCredentials()
	if c.TLS != nil {
		transport = credentials.NewTLS(c.TLS)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(1 << 26)),
		grpc.WithNoProxy(),
	}
	if c.Dial != nil {
		options = append(options, grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return c.Dial(ctx, "tcp", address)
		}))
	}
	// passthrough: the address is an IP, or one that Dial knows.
	connection, err := grpc.NewClient("passthrough:///"+c.Address, options...)
	return connection, metadata.AppendToOutgoingContext(ctx, c.Metadata...), err
}

// session is a connection to an istiod, as a proxy.
type session struct {
	client discovery.AggregatedDiscoveryServiceClient
	proxy  *core.Node
	ctx    context.Context // of streams, which end with the session
	close  func()
}

func (c Caller) open(ctx context.Context, node Node) (session, error) {
	proxy, err := node.proto()
	if err != nil {
		return session{}, err
	}
	connection, ctx, err := c.connect(ctx)
	if err != nil {
		return session{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	return session{
		client: discovery.NewAggregatedDiscoveryServiceClient(connection), proxy: proxy, ctx: ctx,
		close: func() {
			cancel()
			connection.Close()
		},
	}, nil
}

// First asks for one type of resources, in a stream of its own, and returns the
// first response, whatever is in it.
func (c Caller) First(ctx context.Context, node Node, kind string, names ...string) (*discovery.DiscoveryResponse, error) {
	s, err := c.open(ctx, node)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return c.first(s, kind, names...)
}

func (c Caller) first(s session, kind string, names ...string) (*discovery.DiscoveryResponse, error) {
	stream, err := s.client.StreamAggregatedResources(s.ctx)
	if err != nil {
		return nil, err
	}
	// A server that refuses has closed the stream: Recv says why.
	_ = stream.Send(&discovery.DiscoveryRequest{Node: s.proxy, TypeUrl: kind, ResourceNames: names})
	response, err := stream.Recv()
	if err != nil {
		return nil, fmt.Errorf("ask %s for %s: %w", c.Address, kind, err)
	}
	return response, nil
}

// Stay connects as a proxy, until stop is called.
func (c Caller) Stay(ctx context.Context, node Node) (stop func(), err error) {
	s, err := c.open(ctx, node)
	if err != nil {
		return nil, err
	}
	if _, err := c.first(s, Clusters); err != nil {
		s.close()
		return nil, err
	}
	return s.close, nil
}

// Follow asks for one type, as a proxy that stays, and calls f with every
// response until f says that it is done.
func (c Caller) Follow(ctx context.Context, node Node, kind string, f func(*discovery.DiscoveryResponse) (done bool)) error {
	s, err := c.open(ctx, node)
	if err != nil {
		return err
	}
	defer s.close()
	stream, err := s.client.StreamAggregatedResources(s.ctx)
	if err != nil {
		return err
	}
	request := &discovery.DiscoveryRequest{Node: s.proxy, TypeUrl: kind}
	for {
		_ = stream.Send(request) // Recv says why it fails
		response, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("follow %s of %s: %w", kind, c.Address, err)
		}
		if f(response) {
			return nil
		}
		request = &discovery.DiscoveryRequest{TypeUrl: kind, VersionInfo: response.VersionInfo, ResponseNonce: response.Nonce}
	}
}

// FirstDelta is First in the incremental variant of the protocol.
func (c Caller) FirstDelta(ctx context.Context, node Node, kind string) (*discovery.DeltaDiscoveryResponse, error) {
	s, err := c.open(ctx, node)
	if err != nil {
		return nil, err
	}
	defer s.close()
	stream, err := s.client.DeltaAggregatedResources(s.ctx)
	if err != nil {
		return nil, err
	}
	_ = stream.Send(&discovery.DeltaDiscoveryRequest{Node: s.proxy, TypeUrl: kind})
	response, err := stream.Recv()
	if err != nil {
		return nil, fmt.Errorf("ask %s for %s, incrementally: %w", c.Address, kind, err)
	}
	return response, nil
}

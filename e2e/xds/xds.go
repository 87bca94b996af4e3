// Package xds asks an istiod what it would tell a proxy, and for a certificate,
// as a proxy does, or as somebody who would like to be one:
//
//	caller := xds.Caller{Address: "10.96.3.4:15012", TLS: config, Metadata: xds.Bearer(token)}
//	snapshot, err := caller.Ask(ctx, xds.Node{Namespace: "ns-1", Pod: "details-v1-x", IP: "10.97.0.3"})
//	snapshot.Names(xds.Clusters)  // outbound|9080||details.ns-1.svc.cluster.local, ...
package xds

import (
	"context"
	"fmt"
	"maps"
	"slices"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// The resources of a Snapshot.
const (
	Clusters  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	Listeners = "type.googleapis.com/envoy.config.listener.v3.Listener"
	Routes    = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
	Endpoints = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
)

// Node is the proxy of a pod.
type Node struct {
	// Gateway says that it is a gateway's, not a sidecar.
	Gateway bool
	// Kind is another kind of proxy that it says it is, and Generator who it asks istiod
	// to answer.
	Kind, Generator    string
	Namespace, Pod, IP string
	Labels             map[string]string
	// Listed says that istiod is to list it among its proxies, as it does with those
	// that tell it their configuration.
	Listed bool
}

// Snapshot is everything that a proxy is told: resources by type and name.
type Snapshot map[string]map[string]proto.Message

// Names of the resources of a type, sorted.
func (s Snapshot) Names(kind string) []string { return slices.Sorted(maps.Keys(s[kind])) }

// Cluster of a name, or nil.
func (s Snapshot) Cluster(name string) *cluster.Cluster {
	c, _ := s[Clusters][name].(*cluster.Cluster)
	return c
}

// Listener of a name, or nil.
func (s Snapshot) Listener(name string) *listener.Listener {
	l, _ := s[Listeners][name].(*listener.Listener)
	return l
}

// Addresses of a cluster's endpoints.
func (s Snapshot) Addresses(cluster string) []string {
	var addresses []string
	assignment, _ := s[Endpoints][cluster].(*endpoint.ClusterLoadAssignment)
	for _, locality := range assignment.GetEndpoints() {
		for _, e := range locality.GetLbEndpoints() {
			addresses = append(addresses, e.GetEndpoint().GetAddress().GetSocketAddress().GetAddress())
		}
	}
	slices.Sort(addresses)
	return addresses
}

// Text is all of it, in the encoding that the proxy gets: what is not in it,
// the proxy is not told.
func (s Snapshot) Text() (string, error) {
	var text []byte
	for _, kind := range slices.Sorted(maps.Keys(s)) {
		for _, name := range s.Names(kind) {
			var err error
			if text, err = (proto.MarshalOptions{Deterministic: true}).MarshalAppend(text, s[kind][name]); err != nil {
				return "", err
			}
		}
	}
	return string(text), nil
}

// Ask opens a stream to an istiod, asks for everything, and closes it. routes
// are names of RouteConfigurations: ports, as istiod calls them.
func (c Caller) Ask(ctx context.Context, node Node, routes ...string) (Snapshot, error) {
	s, err := c.open(ctx, node)
	if err != nil {
		return nil, err
	}
	defer s.close()
	stream, err := s.client.StreamAggregatedResources(s.ctx)
	if err != nil {
		return nil, err
	}
	snapshot := Snapshot{}
	ask := func(kind string, names []string) error {
		if err := stream.Send(&discovery.DiscoveryRequest{Node: s.proxy, TypeUrl: kind, ResourceNames: names}); err != nil {
			return err
		}
		for {
			response, err := stream.Recv()
			if err != nil {
				return fmt.Errorf("ask %s for %s: %w", c.Address, kind, err)
			}
			if err := snapshot.add(response); err != nil {
				return err
			}
			ack := &discovery.DiscoveryRequest{
				TypeUrl: response.TypeUrl, VersionInfo: response.VersionInfo, ResponseNonce: response.Nonce}
			if response.TypeUrl == kind {
				ack.ResourceNames = names
			}
			if err := stream.Send(ack); err != nil {
				return err
			}
			if response.TypeUrl == kind {
				return nil
			}
		}
	}
	if err := ask(Clusters, nil); err != nil {
		return nil, err
	}
	var discovered []string
	for _, name := range snapshot.Names(Clusters) {
		if snapshot.Cluster(name).GetType() == cluster.Cluster_EDS {
			discovered = append(discovered, name)
		}
	}
	if err := ask(Endpoints, discovered); err != nil {
		return nil, err
	}
	if err := ask(Listeners, nil); err != nil {
		return nil, err
	}
	return snapshot, ask(Routes, routes)
}

func (n Node) proto() (*core.Node, error) {
	labels := map[string]any{}
	for key, value := range n.Labels {
		labels[key] = value
	}
	told := map[string]any{
		"NAMESPACE": n.Namespace, "CLUSTER_ID": "Kubernetes", "ISTIO_VERSION": "1.31.0", "LABELS": labels,
		"INSTANCE_IPS": n.IP,
	}
	if n.Generator != "" {
		told["GENERATOR"] = n.Generator
	}
	if n.Listed {
		told["PROXY_CONFIG"] = map[string]any{}
	}
	metadata, err := structpb.NewStruct(told)
	kind := "sidecar"
	if n.Gateway {
		kind = "router"
	}
	if n.Kind != "" {
		kind = n.Kind
	}
	return &core.Node{
		Id:       fmt.Sprintf("%s~%s~%s.%s~%s.svc.cluster.local", kind, n.IP, n.Pod, n.Namespace, n.Namespace),
		Metadata: metadata,
	}, err
}

func (s Snapshot) add(response *discovery.DiscoveryResponse) error {
	resources := map[string]proto.Message{}
	for _, resource := range response.Resources {
		var message proto.Message
		switch response.TypeUrl {
		case Clusters:
			message = &cluster.Cluster{}
		case Listeners:
			message = &listener.Listener{}
		case Routes:
			message = &route.RouteConfiguration{}
		case Endpoints:
			message = &endpoint.ClusterLoadAssignment{}
		default:
			return fmt.Errorf("unexpected resources of type %s", response.TypeUrl)
		}
		if err := proto.Unmarshal(resource.Value, message); err != nil {
			return fmt.Errorf("%s: %w", response.TypeUrl, err)
		}
		named, _ := message.(interface{ GetName() string })
		if assignment, ok := message.(*endpoint.ClusterLoadAssignment); ok {
			resources[assignment.ClusterName] = message
		} else {
			resources[named.GetName()] = message
		}
	}
	s[response.TypeUrl] = resources
	return nil
}

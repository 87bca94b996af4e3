package istio

// Istio's resources, as the CustomResourceDefinitions of 1.31 name them, by group.
const (
	ExtensionGroup  = "extensions.istio.io"
	NetworkingGroup = "networking.istio.io"
	SecurityGroup   = "security.istio.io"
	TelemetryGroup  = "telemetry.istio.io"
)

// Resources are those of each group.
var Resources = map[string][]string{
	ExtensionGroup: {"trafficextensions", "wasmplugins"},
	NetworkingGroup: {
		"destinationrules", "envoyfilters", "gateways", "proxyconfigs", "serviceentries", "sidecars", "virtualservices",
		"workloadentries", "workloadgroups",
	},
	SecurityGroup:  {"authorizationpolicies", "peerauthentications", "requestauthentications"},
	TelemetryGroup: {"telemetries"},
}

// SecurityVersions are the versions of SecurityGroup that hold
// PeerAuthentication, and AuthorizationPolicies that deny. Before 1.5 there is
// neither.
var SecurityVersions = []struct {
	Range
	APIVersion string
}{
	{Range{Since: "1.22"}, SecurityGroup + "/v1"},
	{Range{Since: "1.5", Before: "1.22"}, SecurityGroup + "/v1beta1"},
}

// FilteredTelemetry are the versions whose charts have EnvoyFilters for
// telemetry, each with the control plane's revision. Source: istio/istio,
// istio-discovery/templates/telemetryv2_*.yaml, up to 1.20.
var FilteredTelemetry = Range{Before: "1.21"}

// MutualTLSBefore is the way to set mutual TLS in versions without
// PeerAuthentication.
const MutualTLSBefore = "set it in the mesh (authPolicy, up to 0.7) or by a Policy (0.8 to 1.4)"

// RouteKinds are the kinds with which Pilot routes, by group; nil means all. Up to
// 1.6 Pilot reads them only in the namespace of --appNamespace.
var RouteKinds = map[string][]string{
	"config.istio.io":         {"RouteRule", "DestinationPolicy", "EgressRule"},
	NetworkingGroup:           nil,
	"authentication.istio.io": {"Policy"},
}

// HostFields are the fields in which a route names a service: by a host, which may be
// short, or by a name and a namespace in a neighbouring field. [] stands for every
// element of a list.
var HostFields = []struct {
	Path []string
	// Beside is the field that holds the namespace; "" is none, the host holds it.
	Beside string
}{
	{Path: []string{"spec", "destination", "name"}, Beside: "namespace"}, // RouteRule, DestinationPolicy
	{Path: []string{"spec", "source", "name"}, Beside: "namespace"},
	{Path: []string{"spec", "host"}}, // DestinationRule
	{Path: []string{"spec", "hosts", "[]"}},
	{Path: []string{"spec", "http", "[]", "route", "[]", "destination", "host"}},
	{Path: []string{"spec", "http", "[]", "mirror", "host"}},
	{Path: []string{"spec", "tcp", "[]", "route", "[]", "destination", "host"}},
	{Path: []string{"spec", "tls", "[]", "route", "[]", "destination", "host"}},
}

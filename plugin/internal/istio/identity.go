package istio

import "github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"

// Audience is whom the ServiceAccount tokens of a tenant's proxies are for; both
// revisions of a canary take it. UpstreamAudience is that of every other mesh.
// Source: istio/istio, security/pkg/k8s/tokenreview of 1.6, pkg/security/security.go
// from 1.8 on.
const (
	Audience         = "{tenant}." + v1alpha1.Group
	UpstreamAudience = "istio-ca"
)

// Identity is what makes somebody a member of a control plane's mesh: a
// certificate of its CA, and configuration by xDS, are for whoever shows a
// token that the control plane takes.
type Identity struct {
	// Range are the versions whose audience can be set. Why says what others do.
	Range
	Why string
	// Arguments and Variables are of the control plane's container. What
	// is OnlyIfSet is replaced with a warning, in other versions than those of
	// its range as well: it does no harm where it is not known, and a base may
	// state a wrong version. TOKEN_AUDIENCES has no range for the same reason.
	Arguments []Argument
	Variables []Variable
	// Audience is the variable among them that lists audiences.
	Audience string
	// Refused are values with which tokens have no audience.
	Refused []Refused
	// AudienceValue is where the audience is in the charts' values, which
	// [RevisionTexts] hold.
	AudienceValue []string
	// Plaintext is the port of xDS without TLS, which asks nobody who he is, and
	// PlaintextName what the charts call it.
	Plaintext     int
	PlaintextName string
	// PlaintextTemplate is the template of those Pods that use it.
	PlaintextTemplate string
	// Openings let in others by what the build cannot judge.
	Openings Openings
}

// Refused is a value of a variable, or of the charts' values at a path.
type Refused struct {
	Range
	Variable string
	Path     []string
	Value    string
	// Instead is what would be right.
	Instead string
	Why     string
}

// istiodIdentity has these sources in istio/istio: pilot/pkg/bootstrap
// (server.go, istio_ca.go, options.go), pilot/pkg/features, pkg/security and
// security/pkg/server/ca/authenticate of 1.6 to 1.31, and the chart
// istio-discovery.
var istiodIdentity = Identity{
	Range: Range{Since: "1.8"},
	Why: "takes tokens of the audience " + UpstreamAudience + ", which every ServiceAccount of the cluster gets, and has no setting for another: " +
		"NetworkPolicies alone keep others out of the mesh; 1.8 and later have an audience for each tenant",
	Audience: "TOKEN_AUDIENCES",
	Arguments: []Argument{
		{
			Name: "--grpcAddr", Value: "127.0.0.1:15010",
			Why: "plaintext xDS asks for no token; without an address, istiod serves it on the debug port instead",
		},
		{
			Name: "--ctrlz_address", Value: "127.0.0.1", OnlyIfSet: true,
			Why: "whoever reaches the introspection port ends istiod, and asks nobody",
		},
	},
	Variables: []Variable{
		{
			Name: "TOKEN_AUDIENCES", Value: "{audiences}",
			Why: "tokens of other audiences are refused, by the CA, by xDS and by the debug port",
		},
		{
			Name: "REQUIRE_3P_TOKEN", Value: "true", Range: Range{Since: "1.8", Before: "1.22"},
			Why: "otherwise a token without any audience is taken, such as one in a Secret; from 1.22 on it is not",
		},
		{
			Name: "XDS_AUTH", Value: "true", Range: Range{Since: "1.7"}, OnlyIfSet: true,
			Why: "without it, xDS asks nobody who he is",
		},
		{
			Name: "PILOT_ENABLE_XDS_IDENTITY_CHECK", Value: "true", Range: Range{Since: "1.8"}, OnlyIfSet: true,
			Why: "without it, a proxy may claim another namespace than its own",
		},
		{
			Name: "PILOT_SKIP_VALIDATE_TRUST_DOMAIN", Value: "false", OnlyIfSet: true,
			Why: "with it, workloads believe peers of other trust domains, such as a tenant's with the same root certificate",
		},
		{
			Name: "JWT_RULE", Value: "", Range: Range{Since: "1.9"}, OnlyIfSet: true,
			Why: "it lets another issuer of tokens say who is who",
		},
		{
			Name: "TRUSTED_GATEWAY_CIDR", Value: "", Range: Range{Since: "1.15"}, OnlyIfSet: true,
			Why: "from there, istiod takes who somebody is from a header of the request",
		},
		{
			Name: "SPIFFE_BUNDLE_ENDPOINTS", Value: "", Range: Range{Since: "1.7", Before: "1.19"}, OnlyIfSet: true,
			Why: "it lets certificates of other trust domains in",
		},
		{
			Name: "TOKEN_ISSUER", Value: "", OnlyIfSet: true,
			Why: "with an empty KUBERNETES_SERVICE_HOST, that issuer's tokens are taken",
		},
		{
			Name: "AUDIENCE", Value: "", OnlyIfSet: true,
			Why: "with an empty KUBERNETES_SERVICE_HOST, tokens of that audience are taken",
		},
		{
			Name: "UNSAFE_ENABLE_ADMIN_ENDPOINTS", Value: "false", OnlyIfSet: true,
			Why: "with it, the debug port changes istiod as well",
		},
		{
			Name: "ENABLE_DEBUG_ENDPOINT_AUTH", Value: "true", Range: Range{Since: "1.27"}, OnlyIfSet: true,
			Why: "without it, the debug port shows the mesh's configuration to everybody",
		},
		{
			Name: "DEBUG_ENDPOINT_AUTH_ALLOWED_NAMESPACES", Value: "", Range: Range{Since: "1.27"}, OnlyIfSet: true,
			Why: "whoever runs in one of these namespaces reads all that istiod knows, keys of certificates included",
		},
		{
			Name: "ENABLE_XDS_API_GENERATOR_AUTH", Value: "true", Range: Range{Since: "1.27"}, OnlyIfSet: true,
			Why: "without it, xDS shows the mesh's configuration across namespaces",
		},
	},
	Refused: []Refused{
		{
			Range: Range{Since: "1.8", Before: "1.22"}, Variable: "JWT_POLICY", Path: []string{"global", "jwtPolicy"},
			Value: "first-party-jwt", Instead: "third-party-jwt",
			Why: "with it, proxies show the token that every Pod of the cluster has for the API server",
		},
	},
	AudienceValue: []string{"global", "sds", "token", "aud"},
	Plaintext:     15010, PlaintextName: "grpc-xds", PlaintextTemplate: "grpc-simple",
	Openings: istiodOpenings,
}

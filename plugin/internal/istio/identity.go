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

// Identity describes what makes a client a member of a control plane's mesh: the
// control plane gives a certificate of its CA, and configuration by xDS, to everybody
// with a token that it accepts.
type Identity struct {
	// Range are the versions whose audience can be set. Why explains what other
	// versions do.
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
	// Refused are values that would give tokens no audience.
	Refused []Refused
	// AudienceValue is where the audience is in the charts' values, which
	// [RevisionTexts] hold.
	AudienceValue []string
	// Plaintext is the port of xDS without TLS, which has no authentication, and
	// PlaintextName is its name in the charts.
	Plaintext     int
	PlaintextName string
	// PlaintextTemplate is the template of those Pods that use it.
	PlaintextTemplate string
	// Openings are settings that may let others join, and that the build cannot check.
	Openings Openings
}

// Refused is a value of a variable, or of the charts' values at a path.
type Refused struct {
	Range
	Variable string
	Path     []string
	Value    string
	// Instead is the right value.
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
			Why: "whoever can connect to the introspection port can end istiod, without authentication",
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
			Why: "without it, xDS has no authentication",
		},
		{
			Name: "PILOT_ENABLE_XDS_IDENTITY_CHECK", Value: "true", Range: Range{Since: "1.8"}, OnlyIfSet: true,
			Why: "without it, a proxy may claim to be in another namespace",
		},
		{
			Name: "PILOT_SKIP_VALIDATE_TRUST_DOMAIN", Value: "false", OnlyIfSet: true,
			Why: "with it, workloads trust peers of other trust domains, such as a tenant's with the same root certificate",
		},
		{
			Name: "JWT_RULE", Value: "", Range: Range{Since: "1.9"}, OnlyIfSet: true,
			Why: "it lets another issuer of tokens decide who is who",
		},
		{
			Name: "TRUSTED_GATEWAY_CIDR", Value: "", Range: Range{Since: "1.15"}, OnlyIfSet: true,
			Why: "from there, istiod takes the identity of a client from a header of the request",
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
			Why: "whoever runs in one of these namespaces can read all that istiod knows, also keys of certificates",
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

package istio

// Labels and annotations of Istio's that several steps read or write.
const (
	// RevisionLabel names the control plane that an object belongs to, or that it is
	// for.
	RevisionLabel = "istio.io/rev"
	// DefaultRevision is the name that Istio uses if there is no revision.
	DefaultRevision = "default"
	// TagLabel is on the webhook configuration of a revision tag, whose value it is; its
	// RevisionLabel is the revision that the tag leads to. TagPrefix begins its name.
	// Source: istio/istio, pkg/revisions and istioctl/pkg/tag.
	TagLabel  = "istio.io/tag"
	TagPrefix = "istio-revision-tag-"
	// CanonicalRevisionLabel is on the control plane's Pods, and is
	// NoCanonicalRevision there without a revision.
	CanonicalRevisionLabel = "service.istio.io/canonical-revision"
	NoCanonicalRevision    = "latest"
	// RevisionVariable is istiod's environment variable with its own revision, since 1.6.
	RevisionVariable = "REVISION"

	// OwnerVariable is a proxy's environment variable with the URL of the workload
	// that owns its Pod.
	OwnerVariable = "ISTIO_META_OWNER"

	// InjectionLabel is the label with which a Namespace asks a control plane without
	// a revision for proxies.
	InjectionLabel   = "istio-injection"
	InjectionEnabled = "enabled"
	// DataplaneModeLabel is the label with which a Namespace asks for ambient mode.
	DataplaneModeLabel = "istio.io/dataplane-mode"
	// InjectLabel is the label with which a Pod asks for a proxy, or for none.
	InjectLabel = "sidecar.istio.io/inject"
	// TemplatesAnnotation names the templates by which a Pod is injected.
	TemplatesAnnotation = "inject.istio.io/templates"
	// GatewayTemplate is the template that makes a Pod a gateway.
	GatewayTemplate = "gateway"
	// OperatorComponentLabel says which component an object of Istio's installers
	// belongs to, since 1.6.
	OperatorComponentLabel = "operator.istio.io/component"
)

// UpstreamNamespace is where Istio's manifests install a control plane, and
// where they leave the namespace out of some names.
const UpstreamNamespace = "istio-system"

// Domain ends the names of the admission policies of Istio's charts.
const Domain = ".istio.io"

// UnnamedNamespaces are the versions that ran on a Kubernetes older than 1.21,
// which does not write a Namespace's name into its labels. Source: Istio's table
// of supported releases.
var UnnamedNamespaces = Range{Before: "1.14"}

package istio

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// Names of istiod's that several steps follow.
const (
	// IstiodService is the Service of a control plane without a revision.
	IstiodService = "istiod"
	// MeshKey is the key of the ConfigMap that holds the mesh's configuration.
	MeshKey = "mesh"
	// MeshConfigMap is the name of that ConfigMap in the charts, without a revision.
	MeshConfigMap = "istio"
	// PilotSelector is the label that selects istiod's Pods without a revision;
	// with one, AppSelector and the revision do.
	PilotSelector, PilotSelected = "istio", "pilot"
	AppSelector, AppSelected     = "app", "istiod"
	// DefaultValidator is the only object that has the same name for all control
	// planes: the cluster-wide validator of the base chart since 1.11.
	DefaultValidator = "istiod-default-validator"
	// StablePolicy begins the names of the one admission policy that Istio's charts
	// have, from 1.26 on: it limits the kinds of Istio to what is stable, for one
	// revision. Source: istio-discovery/templates/validatingadmissionpolicy.yaml.
	StablePolicy = "stable-channel-policy-"
	// ValidatorPrefix begins the name of a revision's own validating webhook.
	ValidatorPrefix = "istio-validator"
	// InjectorPrefix begins the name of an injector's webhook and ConfigMap.
	InjectorPrefix = "istio-sidecar-injector"
)

// DefaultValidators are what the charts' cluster-wide validators are called,
// with placeholders (see [Values]): since 1.11, as split reserves the name, and up
// to 1.10. Source: manifests/charts/base.
var DefaultValidators = []string{DefaultValidator, DefaultValidator + "-{controlPlane}", "istiod-{controlPlane}"}

// WebhookPrefixes are how the names of the charts' webhook configurations begin.
var WebhookPrefixes = []string{"istiod-", ValidatorPrefix, InjectorPrefix, "istio-revision-tag-"}

// UnrevisedWebhooks are how the names of the injector's webhooks begin that the
// charts have in a control plane without a revision only: for namespaces and
// Pods that name none.
var UnrevisedWebhooks = []string{"namespace.", "object.", "auto."}

// RevisionTexts are the keys of ConfigMaps that hold the charts' values as
// JSON, which the injector reads, with "revision" as a field at the top. The
// names are those without a revision.
var RevisionTexts = map[string][]string{
	InjectorPrefix: {"values"},
	"values":       {"original-values", "merged-values"},
}

// istiod is the control plane since 1.6. Sources, unless a row names another:
// the chart istio-discovery and pilot/pkg/features of istio/istio, 1.6 to 1.31;
// for the rights, the comments in clusterrole.yaml say what each rule is for, and
// for what is not needed, an API server's audit log of istiod 1.31, with
// "namespace" and with "selectors", which the end-to-end tests keep.
var istiod = Component{
	Name:       "istiod",
	Range:      Range{Since: RevisionsSince},
	Images:     []string{"pilot", "istiod"}, // Istio itself calls it pilot only
	Containers: []string{"discovery"},
	Discovery:  true,
	Kubeconfig: &istiodKubeconfig,
	Arguments: []Argument{
		{
			Range: Range{Before: "1.7"}, Name: "--appNamespace", Short: "-a", Apart: true, Value: "{application}",
			Modes: listing, Elsewhere: "istiod would watch this namespace alone",
			Why: "istiod lists Services, Endpoints, Pods, Ingresses and configuration of this namespace only",
		},
		{
			Range: Range{Since: "1.7", Before: "1.11"}, Name: "--appNamespace", Short: "-a", Apart: true, Value: "{applications}",
			Modes: listing, Elsewhere: "istiod may watch these namespaces alone",
			Why: "accepted, and without effect; discoverySelectors do it from 1.10 on",
		},
	},
	Variables: []Variable{
		{
			Name: "ISTIO_WATCH_NAMESPACE", Value: "{application}", Modes: []v1alpha1.Discovery{v1alpha1.DiscoveryNamespace},
			Elsewhere: "istiod would watch this namespace alone",
			Why:       "the informers of istiod are limited to this namespace, so that it needs no right elsewhere",
		},
		{
			Name: "ENABLE_ENHANCED_RESOURCE_SCOPING", Value: "true", Range: Range{Since: "1.10", Before: "1.22"}, Modes: selecting,
			Why: "without it, discoverySelectors select services only, and not Istio's configuration",
		},
		{
			Name: "PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER", Value: "false",
			Why: "GatewayClasses exist once per cluster: they are the cluster administrator's",
		},
		{
			Name: GatewayClassVariable, Value: GatewayClass, Range: OwnGatewayClasses,
			Why: "a Gateway of this class, and of no revision, is this tenant's",
		},
		{
			Name: GatewayControllerVariable, Value: GatewayController, Range: OwnGatewayClasses,
			Why: "every other istiod ignores the class, and this one ignores the classes of others",
		},
		{
			Name: "PILOT_SCOPE_GATEWAY_TO_NAMESPACE", Value: "true",
			Why: "a Gateway configures the proxies of its own namespace only",
		},
		{
			Name: "PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES", Value: "false", Shared: true,
			Why: "a WorkloadEntry of a Service that is exported to the shared gateway makes the gateway connect to any address, also to istiod " +
				"and to its own loopback address, with the gateway's identity",
		},
		{
			Name: "BLOCKED_CIDRS_IN_JWKS_URIS", Value: "0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,::/127,fe80::/10,fd00:ec2::254/128", List: true,
			Why: "istiod fetches the keys of a RequestAuthentication from any URL, and its debug port trusts its own Pod: " +
				"http://127.0.0.1:8080/debug/krtz holds the CA's key. Known to 1.28.6 and later (CVE-2026-41413)",
		},
		{
			Name: "ENABLE_DEBUG_ON_HTTP", Value: "false", Range: Range{Before: "1.29"},
			Why: "earlier ones have no debug port instead: there, no namespace is asked for a token",
		},
		ingressNamespace,
		{
			Name: "CA_TRUSTED_NODE_ACCOUNTS", Value: "", OnlyIfSet: true,
			Why: "node proxies that may ask for any workload's certificate: a tenant has none",
		},
	},
	Mesh: []Setting{
		{
			Name: "rootNamespace", Value: "{controlPlane}", Owner: "spec.controlPlane.namespace",
			Why: "even where istiod does not watch it: in its root namespace, istiod takes every PeerAuthentication " +
				"for a mesh-wide one, and ignores its selector",
		},
		{
			Name: "trustDomain", Value: "{trustDomain}", Owner: "spec.controlPlane.trustDomain", Usual: []string{"cluster.local"},
			Why: "the identities of the mesh",
		},
		{
			Name: "discoverySelectors", Watched: true, Range: Range{Since: "1.10"}, Modes: selecting,
			Owner: "spec.applicationNamespaces",
			Why:   "istiod lists the cluster and takes these namespaces",
		},
		{
			Name: "discoverySelectors", Remove: true, Range: Range{Since: "1.10"}, Modes: []v1alpha1.Discovery{v1alpha1.DiscoveryNamespace},
			Owner: "spec.applicationNamespaces",
			Why:   "a base's own would only hide some of the tenant's namespaces",
		},
		{
			Name: "defaultServiceExportTo", List: ownNamespace, Shared: true,
			Why: "a proxy may say that it is a gateway's, of which no Sidecar says what it sees: it sees what is exported to its namespace",
		},
		{
			Name: "defaultVirtualServiceExportTo", List: ownNamespace, Shared: true,
			Why: "a route applies in the namespaces that it is exported to",
		},
		{
			Name: "defaultDestinationRuleExportTo", List: ownNamespace, Shared: true,
			Why: "and so does what says how clients connect",
		},
		{
			Name: "ingressControllerMode", Value: "OFF", Shared: true, Owner: "spec.mesh", Usual: []string{"UNSET", "DEFAULT", "STRICT"},
			Why: "an Ingress takes whatever host it names: of any tenant, its listener for TLS would be at the shared gateway",
		},
		{
			Name: "ingressControllerMode", Value: "STRICT", Range: seesForeignIngresses, Modes: listing, Keeps: []string{"OFF"},
			Why: "only Ingresses that name the class",
		},
		{
			Name: "ingressClass", Value: IngressClass, Range: seesForeignIngresses, Modes: listing,
			Owner: "metadata.name", Usual: []string{DefaultIngressClass},
			Why: "two tenants' istiods would both serve an Ingress of one class",
		},
	},
	Identity: &istiodIdentity,
	Rights:   istiodRights,
	Names: []Name{
		{
			Kinds: []string{
				"Deployment", "Service", "ServiceAccount", "Role", "RoleBinding", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy",
			},
			From: "istiod", To: "istiod-{rev}",
		},
		{Kinds: []string{"Service", "EndpointSlice", "Endpoints"}, From: "istiod-remote", To: "istiod-{rev}-remote"},
		{Kinds: []string{"ConfigMap"}, From: "istio", To: "istio-{rev}"},
		{Kinds: []string{"ConfigMap"}, From: "istio-sidecar-injector", To: "istio-sidecar-injector-{rev}"},
		{Kinds: []string{"ConfigMap"}, From: "values", To: "values-{rev}"},
		{Kinds: []string{"ConfigMap"}, From: "pilot-jwks-extra-cacerts", To: "pilot-jwks-extra-cacerts-{rev}"},
		{Kinds: []string{"ConfigMap"}, From: "istio-default-gatewayclass-*", To: "istio-{rev}-gatewayclass-*"},
		{Kinds: []string{"EnvoyFilter"}, From: "*", To: "*-{rev}", Labelled: true},   // up to 1.20
		{Kinds: []string{"NetworkPolicy"}, From: "*", To: "*-{rev}", Labelled: true}, // the gateways'
		{Kinds: rbacOfCluster, From: "istiod-clusterrole-{ns}", To: "istiod-clusterrole-{rev}-{ns}"},
		{Kinds: rbacOfCluster, From: "istiod-gateway-controller-{ns}", To: "istiod-gateway-controller-{rev}-{ns}"},
		{Kinds: rbacOfCluster, From: "istio-reader-clusterrole-{ns}", To: "istio-reader-clusterrole-{rev}-{ns}"},
		{Kinds: []string{"MutatingWebhookConfiguration"}, From: "istio-sidecar-injector-{ns}", To: "istio-sidecar-injector-{rev}-{ns}"},
		{Kinds: []string{"MutatingWebhookConfiguration"}, From: "istio-sidecar-injector", To: "istio-sidecar-injector-{rev}"}, // in istio-system
		{Kinds: []string{"MutatingWebhookConfiguration"}, From: "istio-revision-tag-*", To: "istio-revision-tag-*"},
		{Kinds: []string{"ValidatingWebhookConfiguration"}, From: "istio-validator-{ns}", To: "istio-validator-{rev}-{ns}"},
		{
			Kinds: []string{"ValidatingAdmissionPolicy"},
			From:  StablePolicy + "{ns}" + Domain, To: StablePolicy + "{rev}-{ns}" + Domain,
		},
		{
			Kinds: []string{"ValidatingAdmissionPolicyBinding"},
			From:  StablePolicy + "binding-{ns}" + Domain, To: StablePolicy + "binding-{rev}-{ns}" + Domain,
		},
	},
	// At the end since 1.7 for the injector, and since 1.26 for the tags.
	BareNames: []BareName{
		{Kinds: []string{"MutatingWebhookConfiguration"}, Pattern: "istio-sidecar-injector"},
		{Kinds: []string{"MutatingWebhookConfiguration"}, Pattern: "istio-sidecar-injector-*"},
		{Kinds: []string{"MutatingWebhookConfiguration"}, Pattern: "istio-revision-tag-*"},
	},
	Ports: []Port{
		{Name: PortDiscovery, Number: 15012},
		{Name: PortMonitoring, Number: 15014},
		{Name: PortWebhooks, Number: 15017},
	},
}

// ownNamespace is "nobody outside of the object's namespace", in the words of exportTo.
var ownNamespace = []string{"."}

var (
	// listing are the modes that list the whole cluster.
	listing = []v1alpha1.Discovery{v1alpha1.DiscoverySelectors, v1alpha1.DiscoveryAppNamespace}
	// proxied is the mode of the API proxy.
	proxied = []v1alpha1.Discovery{v1alpha1.DiscoveryProxy}
	// selecting are the modes whose discoverySelectors name what is watched: for
	// the API proxy, they say again what it shows.
	selecting = slices.Concat(listing, []v1alpha1.Discovery{v1alpha1.DiscoveryProxy})
)

package object

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Scope says whether objects of a kind are in a namespace.
type Scope int

const (
	// Unknown is the scope of a kind that neither Kubernetes, Istio, nor the
	// Gateway API defines, and no table here knows.
	Unknown Scope = iota
	// Namespaced kinds have a namespace.
	Namespaced
	// Cluster kinds have none: their objects are the whole cluster's.
	Cluster
)

// IsClusterScoped says whether o's kind is known to have no namespace.
func IsClusterScoped(o *yaml.RNode) bool { return ScopeOf(o) == Cluster }

// ScopeOf returns the scope of o's kind. The version does not count: a kind has
// one scope in all of its versions, and the schema lacks those that are gone.
func ScopeOf(o *yaml.RNode) Scope {
	id := IDOf(o)
	if slices.Contains(strings.Fields(clusterScoped[id.Group]), id.Kind) || clusterScoped[id.Group] == "*" {
		return Cluster
	}
	apiVersion := strings.TrimPrefix(id.Group+"/v1", "/")
	if namespaced, found := openapi.IsNamespaceScoped(yaml.TypeMeta{APIVersion: apiVersion, Kind: id.Kind}); found {
		if namespaced {
			return Namespaced
		}
		return Cluster
	}
	kinds := namespaced[id.Group]
	if kinds == "*" || slices.Contains(strings.Fields(kinds), id.Kind) {
		return Namespaced
	}
	return Unknown
}

// IsKubernetesGroup says whether an API group is Kubernetes' own: it has no
// dot, or ends in k8s.io. Kinds of such a group may come with any release.
func IsKubernetesGroup(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

// IsClusterResource says whether a resource, as rules of RBAC name it, is of a
// kind that is known to have no namespace.
func IsClusterResource(group, resource string) bool {
	resource, _, _ = strings.Cut(resource, "/")
	return slices.ContainsFunc(strings.Fields(clusterScoped[group]), func(kind string) bool { return plural(kind) == resource })
}

// plural is the resource of a kind, as Kubernetes forms it.
func plural(kind string) string {
	singular := strings.ToLower(kind)
	switch {
	case strings.HasSuffix(singular, "y"):
		return strings.TrimSuffix(singular, "y") + "ies"
	case strings.HasSuffix(singular, "s"):
		return singular + "es"
	}
	return singular + "s"
}

// HasClusterKinds says whether a group is known to have kinds without a namespace.
func HasClusterKinds(group string) bool { return clusterScoped[group] != "" }

// clusterScoped are kinds without a namespace, by group; "*" is every kind.
// Kubernetes' own are complete up to 1.36; those that the schema of kustomize
// knows, too, are repeated, so that the list does not depend on its age.
//
// Source: the types with +genclient:nonNamespaced in k8s.io/api,
// k8s.io/kube-aggregator and k8s.io/apiextensions-apiserver v0.36.1, and
// resources that older releases served; the CustomResourceDefinitions of the
// projects named.
var clusterScoped = map[string]string{
	"": "ComponentStatus Namespace Node PersistentVolume",
	"admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration " +
		"ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
	"apiextensions.k8s.io":         "CustomResourceDefinition",
	"apiregistration.k8s.io":       "APIService",
	"authentication.k8s.io":        "SelfSubjectReview TokenReview",
	"authorization.k8s.io":         "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
	"certificates.k8s.io":          "CertificateSigningRequest ClusterTrustBundle",
	"extensions":                   "PodSecurityPolicy ThirdPartyResource",
	"flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
	"imagepolicy.k8s.io":           "ImageReview",
	"internal.apiserver.k8s.io":    "StorageVersion",
	"networking.k8s.io":            "ClusterCIDR IPAddress IngressClass ServiceCIDR",
	"node.k8s.io":                  "RuntimeClass",
	"policy":                       "PodSecurityPolicy",
	"rbac.authorization.k8s.io":    "ClusterRole ClusterRoleBinding",
	"resource.k8s.io":              "DeviceClass DeviceTaintRule ResourceClass ResourcePoolStatusRequest ResourceSlice",
	"scheduling.k8s.io":            "PriorityClass",
	"storage.k8s.io":               "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
	"storagemigration.k8s.io":      "StorageVersionMigration",

	"gateway.networking.k8s.io":    "GatewayClass",
	"gateway.networking.x-k8s.io":  "XMesh",
	"policy.networking.k8s.io":     "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy",
	"snapshot.storage.k8s.io":      "VolumeSnapshotClass VolumeSnapshotContent",
	"groupsnapshot.storage.k8s.io": "VolumeGroupSnapshotClass VolumeGroupSnapshotContent",
	"metrics.k8s.io":               "NodeMetrics",

	"authentication.istio.io": "MeshPolicy",            // Istio 0.8 to 1.5
	"networking.istio.io":     "SyntheticServiceEntry", // Istio 1.4
	"rbac.istio.io":           "ClusterRbacConfig",     // Istio 1.1 to 1.5

	"aquasecurity.github.io": "ClusterComplianceReport ClusterConfigAuditReport ClusterRbacAssessmentReport",
	"cert-manager.io":        "ClusterIssuer",
	"trust.cert-manager.io":  "Bundle ClusterBundle",
	"cilium.io": "CiliumBGPClusterConfig CiliumCIDRGroup CiliumClusterwideEnvoyConfig CiliumClusterwideNetworkPolicy " +
		"CiliumEgressGatewayPolicy CiliumExternalWorkload CiliumIdentity CiliumL2AnnouncementPolicy CiliumLoadBalancerIPPool CiliumNode CiliumPodIPPool",
	"constraints.gatekeeper.sh":   "*",
	"templates.gatekeeper.sh":     "*",
	"mutations.gatekeeper.sh":     "*",
	"crd.projectcalico.org":       "BGPConfiguration BGPPeer FelixConfiguration GlobalNetworkPolicy GlobalNetworkSet HostEndpoint IPPool",
	"apiextensions.crossplane.io": "*",
	"capsule.clastix.io":          "*",
	"expansion.gatekeeper.sh":     "*",
	"externaldata.gatekeeper.sh":  "*",
	"karpenter.k8s.aws":           "*",
	"nfd.k8s-sigs.io":             "NodeFeatureGroup NodeFeatureRule",
	"operator.tigera.io":          "*",
	"pkg.crossplane.io":           "*",
	"policy.cert-manager.io":      "CertificateRequestPolicy",
	"kueue.x-k8s.io":              "AdmissionCheck ClusterQueue Cohort ResourceFlavor Topology WorkloadPriorityClass",
	"external-secrets.io":         "ClusterExternalSecret ClusterPushSecret ClusterSecretStore",
	"karpenter.sh":                "NodeClaim NodePool",
	"kyverno.io":                  "ClusterCleanupPolicy ClusterPolicy GlobalContextEntry",
	"policies.kyverno.io":         "DeletingPolicy GeneratingPolicy ImageValidatingPolicy MutatingPolicy ValidatingPolicy",
	"projectcalico.org":           "BGPConfiguration BGPPeer FelixConfiguration GlobalNetworkPolicy GlobalNetworkSet HostEndpoint IPPool Tier",
	"security.openshift.io":       "SecurityContextConstraints",
}

// namespaced are kinds with a namespace that the schema of kustomize lacks, by
// group; "*" is every kind that clusterScoped has not.
var namespaced = map[string]string{
	"certificates.k8s.io":         "PodCertificateRequest",
	"coordination.k8s.io":         "LeaseCandidate",
	"extensions":                  "DaemonSet Deployment Ingress NetworkPolicy ReplicaSet",
	"gateway.networking.k8s.io":   "*",
	"gateway.networking.x-k8s.io": "*",
	"resource.k8s.io":             "ResourceClaim ResourceClaimTemplate",
	"scheduling.k8s.io":           "PodGroup Workload",

	"authentication.istio.io": "*",
	"config.istio.io":         "*",
	"extensions.istio.io":     "*",
	"networking.istio.io":     "*",
	"rbac.istio.io":           "*",
	"security.istio.io":       "*",
	"telemetry.istio.io":      "*",

	"argoproj.io":                 "AnalysisRun AnalysisTemplate AppProject Application ApplicationSet Rollout",
	"cert-manager.io":             "Certificate CertificateRequest Issuer",
	"cilium.io":                   "CiliumEnvoyConfig CiliumNetworkPolicy",
	"external-secrets.io":         "ExternalSecret SecretStore",
	"helm.toolkit.fluxcd.io":      "*",
	"kiali.io":                    "*",
	"kustomize.toolkit.fluxcd.io": "*",
	"kyverno.io":                  "CleanupPolicy Policy PolicyException",
	"monitoring.coreos.com":       "*",
	"source.toolkit.fluxcd.io":    "*",
}

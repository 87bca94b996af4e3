package object

import (
	_ "embed"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

//go:generate go run ./generate

// Scope says whether objects of a kind are in a namespace.
type Scope int

const (
	// Unknown is the scope of a kind that is neither one of Kubernetes' own nor in the
	// lists of other projects.
	Unknown Scope = iota
	// Namespaced kinds have a namespace.
	Namespaced
	// Cluster kinds have none: their objects belong to the whole cluster.
	Cluster
)

// IsClusterScoped says whether o's kind is known to have no namespace.
func IsClusterScoped(o *yaml.RNode) bool { return ScopeOf(o) == Cluster }

// ScopeOf returns the scope of o's kind. The version does not count: a kind has
// one scope in all of its versions. The lists here alone say it: the schema of
// kustomize is one for the whole process, and a kustomization that is built in
// it replaces that by a file of its own, with the field openapi.
func ScopeOf(o *yaml.RNode) Scope {
	id := IDOf(o)
	return ScopeOfKind(id.Group, id.Kind)
}

// ScopeOfKind is like ScopeOf, for a kind of a group.
func ScopeOfKind(group, kind string) Scope {
	if slices.Contains(strings.Fields(clusterScoped[group]), kind) {
		return Cluster
	}
	if slices.Contains(strings.Fields(namespaced[group]), kind) {
		return Namespaced
	}
	without, with := listed(group, "cluster"), listed(group, "namespaced")
	switch {
	case slices.Contains(without, kind):
		return Cluster
	case slices.Contains(with, kind):
		return Namespaced
	case slices.Contains(without, "*"):
		return Cluster
	case slices.Contains(with, "*"):
		return Namespaced
	}
	return Unknown
}

// Kinds are the kinds of a group that are known.
func Kinds(group string) []string {
	kinds := strings.Fields(clusterScoped[group] + " " + namespaced[group])
	return append(append(kinds, listed(group, "cluster")...), listed(group, "namespaced")...)
}

// IsClusterResource says whether a resource, as rules of RBAC name it, is of a
// kind that is known to have no namespace.
func IsClusterResource(group, resource string) bool {
	resource, _, _ = strings.Cut(resource, "/")
	if slices.Contains(strings.Fields(clusterResources[group]), resource) {
		return true
	}
	of := func(kind string) bool { return plural(kind) == resource }
	return slices.ContainsFunc(strings.Fields(clusterScoped[group]), of) || slices.ContainsFunc(listed(group, "cluster"), of)
}

// clusterResources are resources without a namespace that are not called as their kind, or
// are of none: what somebody may sign, or act as.
var clusterResources = map[string]string{
	"":                      "users groups",
	"authentication.k8s.io": "users groups uids userextras nodes",
	"certificates.k8s.io":   "signers",
	"metrics.k8s.io":        "nodes",
}

// notServed are groups whose kinds in a namespace are alpha, which no API server serves
// unless it is told to.
const notServed = "scheduling.k8s.io"

// HasNamespaced says whether a group has a namespaced kind, or is not known.
func HasNamespaced(group string) bool {
	if group == "*" || namespaced[group] != "" && group != notServed || len(listed(group, "namespaced")) > 0 {
		return true
	}
	return clusterScoped[group] == "" && len(listed(group, "cluster")) == 0
}

// plural is the resource of a kind, as Kubernetes forms it.
func plural(kind string) string {
	singular := strings.ToLower(kind)
	switch {
	case singular == "endpoints":
		return singular
	case strings.HasSuffix(singular, "y") && !strings.HasSuffix(singular, "ay") && !strings.HasSuffix(singular, "ey"): // gateways
		return strings.TrimSuffix(singular, "y") + "ies"
	case strings.HasSuffix(singular, "s"):
		return singular + "es"
	}
	return singular + "s"
}

// Lists of kinds of CustomResourceDefinitions: what was read from modules, and
// what is kept by hand. A line is a group, a scope, and kinds. They are searched
// as they are: to read them at the start would cost every run more than the few
// kinds of one that are not Kubernetes' own.
var (
	//go:embed kinds.txt
	readKinds string
	//go:embed others.txt
	otherKinds string
)

// listed are the kinds of a group that the lists have with a scope.
func listed(group, scope string) []string {
	if group == "" {
		return nil
	}
	var kinds []string
	for _, list := range []string{readKinds, otherKinds} {
		if _, line, found := strings.Cut(list, "\n"+group+" "+scope+" "); found {
			line, _, _ = strings.Cut(line, "\n")
			kinds = append(kinds, strings.Fields(line)...)
		}
	}
	return kinds
}

// clusterScoped are Kubernetes' own kinds without a namespace, by group, complete
// up to 1.36.
//
// Source: the types with +genclient:nonNamespaced in k8s.io/api,
// k8s.io/kube-aggregator and k8s.io/apiextensions-apiserver v0.36.1, and
// resources that older releases served.
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
	"metrics.k8s.io":               "NodeMetrics",
}

// namespaced are Kubernetes' own kinds with a namespace, by group, from the same
// source.
var namespaced = map[string]string{
	"": "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret " +
		"Service ServiceAccount",
	"apps":                      "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
	"authorization.k8s.io":      "LocalSubjectAccessReview",
	"autoscaling":               "HorizontalPodAutoscaler",
	"batch":                     "CronJob Job",
	"certificates.k8s.io":       "PodCertificateRequest",
	"coordination.k8s.io":       "Lease LeaseCandidate",
	"discovery.k8s.io":          "EndpointSlice",
	"events.k8s.io":             "Event",
	"extensions":                "DaemonSet Deployment Ingress NetworkPolicy ReplicaSet",
	"metrics.k8s.io":            "PodMetrics",
	"networking.k8s.io":         "Ingress NetworkPolicy",
	"policy":                    "PodDisruptionBudget",
	"rbac.authorization.k8s.io": "Role RoleBinding",
	"resource.k8s.io":           "ResourceClaim ResourceClaimTemplate",
	"scheduling.k8s.io":         "PodGroup Workload",
	"storage.k8s.io":            "CSIStorageCapacity",
}

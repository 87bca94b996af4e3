package confine

import (
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
)

// place is where a right is granted.
type place int

const (
	// nowhere: no feature that a tenant has needs it.
	nowhere place = iota
	// cluster: the kind has no namespace, and says nothing about another tenant.
	cluster
	// named: the kind has no namespace, and only the tenant's own objects are meant.
	named
	// watched: in the application namespaces if istiod watches only those, in
	// the cluster if it lists everything and selects afterwards.
	watched
	// watchedAndOwn: the same, and in the control plane's own namespace.
	watchedAndOwn
	// everywhere: in all of the tenant's namespaces.
	everywhere
	// members: in the tenant's application namespaces.
	members
	// own: in the control plane's namespace.
	own
	// unconfined: in the cluster, although it reaches other tenants: the program
	// does not start, or does nothing, without it.
	unconfined
)

// in resolves watched, watchedAndOwn and unconfined for a plan.
func (p place) in(plan discovery.Plan) place {
	switch {
	case p == unconfined:
		return cluster
	case p != watched && p != watchedAndOwn:
		return p
	case plan.Lists:
		return cluster
	case p == watchedAndOwn:
		return everywhere
	default:
		return members
	}
}

// right says where the rights on some resources go.
type right struct {
	groups    []string
	resources []string // "*" stands for any, and for the rule that says "*"; "*/status" for any status
	// read is for get, list and watch; write for all other verbs.
	read, write place
	why         string
	// verbs are those of write that are needed; none is all.
	verbs []string
	// since and before are the minor versions for which the row holds; before is
	// exclusive, "" is no bound.
	since, before string
}

func (r right) holds(plan discovery.Plan) bool {
	return (r.since == "" || plan.AtLeast(r.since)) && (r.before == "" || plan.Before(r.before))
}

func (r right) fits(group, resource string) bool {
	return slices.Contains(r.groups, group) &&
		(slices.Contains(r.resources, resource) || slices.Contains(r.resources, "*") ||
			strings.HasSuffix(resource, "/status") && slices.Contains(r.resources, "*/status"))
}

var (
	goneGroups  = []string{"config.istio.io", "authentication.istio.io", "rbac.istio.io"}
	istioGroups = append([]string{
		"security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io",
	}, goneGroups...)
	gatewayGroups = []string{
		"gateway.networking.k8s.io", "gateway.networking.x-k8s.io", "networking.x-k8s.io", "inference.networking.k8s.io",
	}
)

// rights are the rules of istiod's ClusterRoles in Istio 1.10 to 1.31; the
// first row that fits a resource holds. Sources: the chart istio-discovery of
// each minor release (clusterrole.yaml, its comments say what each rule is for);
// for what is not needed, an API server's audit log of istiod 1.31 in both
// dialects, which the end-to-end tests keep.
var rights = []right{
	{
		groups:    []string{"admissionregistration.k8s.io"},
		resources: []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
		read:      cluster, write: named, why: "istiod finds its webhooks by label, and writes its certificate into them",
	},
	{
		groups: []string{"apiextensions.k8s.io"}, resources: []string{"customresourcedefinitions"},
		read: cluster, write: nowhere, why: "istiod waits for the kinds that it watches",
	},
	{
		groups: []string{""}, resources: []string{"nodes", "namespaces"},
		read: cluster, write: nowhere, why: "locality of endpoints; labels of namespaces",
	},
	{
		groups: []string{"networking.k8s.io"}, resources: []string{"ingressclasses"},
		read: cluster, write: nowhere, why: "which Ingresses are Istio's",
	},
	{
		groups: []string{"gateway.networking.k8s.io"}, resources: []string{"gatewayclasses", "gatewayclasses/status"},
		read: cluster, write: nowhere, why: "which Gateways are Istio's; the classes themselves are the cluster administrator's",
	},
	{
		groups: goneGroups, resources: []string{"*"}, since: "1.8",
		read: nowhere, write: nowhere, why: "these kinds are gone; istiod lists them for older control planes beside it",
	},
	{
		groups: goneGroups, resources: []string{"meshpolicies", "clusterrbacconfigs"},
		read: cluster, write: nowhere, why: "Pilot lists these kinds, which have no namespace, with the rest of their groups",
	},
	{
		groups:    append([]string{"", "extensions", "networking.k8s.io"}, append(istioGroups, gatewayGroups...)...),
		resources: []string{"*/status"}, verbs: []string{"update", "patch"},
		read: nowhere, write: members, why: "conditions and addresses",
	},
	{
		groups: []string{"authentication.k8s.io"}, resources: []string{"tokenreviews"},
		read: nowhere, write: cluster, why: "proxies prove who they are by ServiceAccount token",
	},
	{
		groups: []string{"authorization.k8s.io"}, resources: []string{"subjectaccessreviews"},
		read: nowhere, write: cluster, why: "whether a gateway may read the Secret that it asks for",
	},
	{
		groups:    []string{"certificates.k8s.io"},
		resources: []string{"certificatesigningrequests", "certificatesigningrequests/approval", "certificatesigningrequests/status", "signers"},
		read:      nowhere, write: nowhere, why: "signing by Kubernetes' own CA would make istiod an authority for the cluster; it is its own CA",
	},
	{
		groups: []string{""}, resources: []string{"pods", "endpoints"},
		read: watched, write: nowhere, why: "discovery",
	},
	{
		groups: []string{""}, resources: []string{"services"},
		read: watchedAndOwn, write: members, why: "discovery; automatically deployed gateways; istiod's own",
	},
	{
		groups: []string{"discovery.k8s.io"}, resources: []string{"endpointslices"},
		read: watched, write: nowhere, why: "discovery",
	},
	{
		groups: []string{""}, resources: []string{"secrets"},
		read: watched, write: nowhere, why: "certificates of gateways",
	},
	{
		groups: []string{""}, resources: []string{"configmaps"},
		read: watchedAndOwn, write: everywhere, why: "the mesh configuration; leader locks; istio-ca-root-cert in application namespaces",
	},
	{
		groups: []string{""}, resources: []string{"serviceaccounts"},
		read: watched, write: members, why: "automatically deployed gateways",
	},
	{
		groups: []string{"apps"}, resources: []string{"deployments"},
		read: watched, write: members, why: "automatically deployed gateways",
	},
	{
		groups: []string{"autoscaling"}, resources: []string{"horizontalpodautoscalers"},
		read: watched, write: members, why: "automatically deployed gateways",
	},
	{
		groups: []string{"policy"}, resources: []string{"poddisruptionbudgets"},
		read: watched, write: members, why: "automatically deployed gateways",
	},
	{
		groups: []string{"networking.k8s.io"}, resources: []string{"ingresses"},
		read: watched, write: nowhere, why: "Ingresses of Istio's class",
	},
	{
		groups: istioGroups, resources: []string{"*"},
		read: watched, write: members, why: "configuration of the mesh; status; WorkloadEntries that register themselves",
	},
	{
		groups: gatewayGroups, resources: []string{"*"},
		read: watched, write: members, why: "configuration by the Gateway API; status",
	},
	{
		groups: []string{"multicluster.x-k8s.io"}, resources: []string{"serviceexports", "serviceimports"},
		read: watched, write: members, why: "multi-cluster services",
	},
}

// clusterScoped are the kinds that a rule for all resources of a group includes,
// and that are listed in the whole cluster: they have no namespace, or Pilot
// takes it that they have none. The rows say who reads them.
var clusterScoped = map[string][]string{
	"gateway.networking.k8s.io": {"gatewayclasses"},
	"authentication.istio.io":   {"meshpolicies"},                      // 0.8 to 1.5
	"rbac.istio.io":             {"clusterrbacconfigs", "rbacconfigs"}, // 1.1 to 1.5, 1.0
	"networking.istio.io":       {"syntheticserviceentries"},           // 1.4
}

// dropped are ServiceAccounts that no workload of a tenant runs as.
var dropped = map[string]string{
	"istio-reader-service-account": "reads every Secret of the cluster, for other clusters of a multi-cluster mesh",
	"istio-multi":                  "the same, up to Istio 1.5",
	"istio-security-post-install-account": "applies the MeshPolicy, of which a cluster has one; a tenant's is a Policy " +
		"in its namespaces",
}

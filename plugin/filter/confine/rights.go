package confine

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/discovery"
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
	// watched: in the tenant's namespaces if istiod watches only those, in the
	// cluster if it lists everything and selects afterwards.
	watched
	// everywhere: in all of the tenant's namespaces.
	everywhere
	// members: in the tenant's application namespaces.
	members
)

// in resolves watched for a plan.
func (p place) in(plan discovery.Plan) place {
	switch {
	case p != watched:
		return p
	case plan.Dialect == v1alpha1.DiscoverySelectors:
		return cluster
	default:
		return everywhere
	}
}

// right says where the rights on some resources go.
type right struct {
	groups    []string
	resources []string // "*" stands for any, and for the rule that says "*"
	// read is for get, list and watch; write for all other verbs.
	read, write place
	why         string
}

var (
	istioGroups = []string{
		"config.istio.io", "security.istio.io", "networking.istio.io", "authentication.istio.io",
		"rbac.istio.io", "telemetry.istio.io", "extensions.istio.io",
	}
	gatewayGroups = []string{
		"gateway.networking.k8s.io", "gateway.networking.x-k8s.io", "networking.x-k8s.io", "inference.networking.k8s.io",
	}
)

// rights are the rules of istiod's ClusterRoles in Istio 1.10 to 1.31; the
// first row that fits a resource holds. Sources: the chart istio-discovery of
// each minor release (clusterrole.yaml, its comments say what each rule is for),
// and for the reads that stay with the cluster, an API server's audit log of
// istiod 1.31 with ISTIO_WATCH_NAMESPACE.
var rights = []right{
	{
		[]string{"admissionregistration.k8s.io"},
		[]string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
		cluster, named, "istiod finds its webhooks by label, and writes its certificate into them",
	},
	{
		[]string{"apiextensions.k8s.io"}, []string{"customresourcedefinitions"},
		cluster, nowhere, "istiod waits for the kinds that it watches",
	},
	{
		[]string{""}, []string{"nodes", "namespaces"},
		cluster, nowhere, "locality of endpoints; labels of namespaces",
	},
	{
		[]string{"networking.k8s.io"}, []string{"ingressclasses"},
		cluster, nowhere, "which Ingresses are Istio's",
	},
	{
		[]string{"gateway.networking.k8s.io"}, []string{"gatewayclasses", "gatewayclasses/status"},
		cluster, nowhere, "which Gateways are Istio's; the classes themselves are the cluster administrator's",
	},
	{
		[]string{"authentication.k8s.io"}, []string{"tokenreviews"},
		nowhere, cluster, "proxies prove who they are by ServiceAccount token",
	},
	{
		[]string{"authorization.k8s.io"}, []string{"subjectaccessreviews"},
		nowhere, cluster, "whether a gateway may read the Secret that it asks for",
	},
	{
		[]string{"certificates.k8s.io"},
		[]string{"certificatesigningrequests", "certificatesigningrequests/approval", "certificatesigningrequests/status", "signers"},
		nowhere, nowhere, "signing by Kubernetes' own CA would make istiod an authority for the cluster; it is its own CA",
	},
	{
		[]string{""}, []string{"pods", "services", "endpoints"},
		watched, members, "discovery; Services of automatically deployed gateways",
	},
	{
		[]string{"discovery.k8s.io"}, []string{"endpointslices"},
		watched, nowhere, "discovery",
	},
	{
		[]string{""}, []string{"secrets"},
		watched, nowhere, "certificates of gateways",
	},
	{
		[]string{""}, []string{"configmaps"},
		watched, everywhere, "the mesh configuration; leader locks; istio-ca-root-cert in application namespaces",
	},
	{
		[]string{""}, []string{"serviceaccounts"},
		watched, members, "automatically deployed gateways",
	},
	{
		[]string{"apps"}, []string{"deployments"},
		watched, members, "automatically deployed gateways",
	},
	{
		[]string{"autoscaling"}, []string{"horizontalpodautoscalers"},
		watched, members, "automatically deployed gateways",
	},
	{
		[]string{"policy"}, []string{"poddisruptionbudgets"},
		watched, members, "automatically deployed gateways",
	},
	{
		[]string{"networking.k8s.io"}, []string{"ingresses"},
		watched, nowhere, "Ingresses of Istio's class",
	},
	{
		[]string{"networking.k8s.io", ""}, []string{"ingresses/status", "services/status"},
		members, members, "addresses and conditions",
	},
	{
		istioGroups, []string{"*"},
		watched, members, "configuration of the mesh; status; WorkloadEntries that register themselves",
	},
	{
		gatewayGroups, []string{"*"},
		watched, members, "configuration by the Gateway API; status",
	},
	{
		[]string{"multicluster.x-k8s.io"}, []string{"serviceexports", "serviceimports"},
		watched, members, "multi-cluster services",
	},
}

// clusterScoped are the kinds without a namespace that a rule for all resources
// of a group includes.
var clusterScoped = map[string][]string{
	"gateway.networking.k8s.io": {"gatewayclasses"},
}

// lookup returns the row for a resource.
func lookup(group, resource string) (right, bool) {
	i := slices.IndexFunc(rights, func(r right) bool {
		return slices.Contains(r.groups, group) &&
			(slices.Contains(r.resources, resource) || slices.Contains(r.resources, "*"))
	})
	if i < 0 {
		return right{}, false
	}
	return rights[i], true
}

// dropped are ServiceAccounts that no workload of a tenant runs as.
var dropped = map[string]string{
	"istio-reader-service-account": "reads every Secret of the cluster, for other clusters of a multi-cluster mesh",
	"istio-multi":                  "the same, up to Istio 1.5",
}

package istio

import "slices"

// istiodRights are the rules of istiod's ClusterRoles.
var istiodRights = []Right{
	{
		Groups:    []string{"admissionregistration.k8s.io"},
		Resources: []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
		Read:      ClusterOrByName, Write: ClusterByName, Why: "istiod finds its webhooks by label, and writes its certificate into them",
	},
	{
		Groups: []string{"apiextensions.k8s.io"}, Resources: []string{"customresourcedefinitions"},
		Read: Cluster, Write: None, Why: "istiod waits for the kinds that it watches",
	},
	{
		Groups: []string{""}, Resources: []string{"nodes"},
		Read: ClusterNodes, Write: None, Why: "locality of endpoints; addresses of gateways by NodePort",
	},
	{
		Groups: []string{""}, Resources: []string{"namespaces"},
		Read: ClusterOrByName, Write: None, Why: "labels of namespaces",
	},
	{
		Groups: []string{"networking.k8s.io"}, Resources: []string{"ingressclasses"},
		Read: Cluster, Write: None, Why: "which Ingresses are Istio's",
	},
	{
		Groups: []string{GatewayGroup}, Resources: []string{"gatewayclasses"},
		Read: Cluster, Write: None, Why: "which Gateways are Istio's; the classes themselves are the cluster administrator's",
	},
	{
		Groups: []string{GatewayGroup}, Resources: []string{"gatewayclasses/status"}, Verbs: []string{"update", "patch"},
		Read: None, Write: ClusterOwn, Why: "that it serves the tenant's class",
	},
	{
		Groups: goneGroups, Resources: []string{"*"}, Range: Range{Since: "1.8"},
		Read: None, Write: None, Why: "these kinds are gone; istiod lists them for older control planes beside it",
	},
	{
		Groups: goneGroups, Resources: []string{"meshpolicies", "clusterrbacconfigs"},
		Read: Cluster, Write: None, Why: "Pilot lists these kinds, which have no namespace, with the rest of their groups",
	},
	{
		Groups: []string{""}, Resources: []string{"services/status"},
		Read: None, Write: None, Why: "of ambient mode alone; an address in it takes what others send there (CVE-2020-8554)",
	},
	{
		Groups:    slices.Concat([]string{"extensions", "networking.k8s.io"}, istioGroups, gatewayGroups),
		Resources: []string{"*/status"}, Verbs: []string{"update", "patch"},
		Read: None, Write: WatchedOfTenant, Why: "conditions and addresses",
	},
	{
		Groups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"},
		Read: None, Write: Cluster, Why: "proxies prove who they are by ServiceAccount token",
	},
	{
		Groups: []string{"authorization.k8s.io"}, Resources: []string{"subjectaccessreviews"}, Verbs: []string{"create"},
		Read: None, Write: Cluster, Why: "whether a gateway may read the Secret that it asks for",
	},
	{
		Groups:    []string{"certificates.k8s.io"},
		Resources: []string{"certificatesigningrequests", "certificatesigningrequests/approval", "certificatesigningrequests/status", "signers"},
		Read:      None, Write: None, Why: "signing by Kubernetes' own CA would make istiod an authority for the cluster; it is its own CA",
	},
	{
		Groups: []string{""}, Resources: []string{"pods", "endpoints"},
		Read: Watched, Write: None, Why: "discovery",
	},
	{
		Groups: []string{""}, Resources: []string{"services"},
		Read: WatchedAndControlPlane, Write: ApplicationNamespaces, Why: "discovery; automatically deployed gateways; istiod's own",
	},
	{
		Groups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"},
		Read: Watched, Write: None, Why: "discovery",
	},
	{
		Groups: []string{""}, Resources: []string{"secrets"},
		Read: Watched, Write: None, Why: "certificates of gateways",
	},
	{
		Groups: []string{""}, Resources: []string{"configmaps"},
		Read: WatchedAndControlPlane, Write: TenantNamespaces, Why: "the mesh configuration; leader locks; istio-ca-root-cert in application namespaces",
	},
	{
		Groups: []string{""}, Resources: []string{"serviceaccounts"},
		Read: Watched, Write: ApplicationNamespaces, Why: "automatically deployed gateways",
	},
	{
		Groups: []string{"apps"}, Resources: []string{"deployments"},
		Read: Watched, Write: ApplicationNamespaces, Why: "automatically deployed gateways",
	},
	{
		Groups: []string{"autoscaling"}, Resources: []string{"horizontalpodautoscalers"},
		Read: Watched, Write: ApplicationNamespaces, Why: "automatically deployed gateways",
	},
	{
		Groups: []string{"policy"}, Resources: []string{"poddisruptionbudgets"},
		Read: Watched, Write: ApplicationNamespaces, Why: "automatically deployed gateways",
	},
	{
		Groups: []string{"networking.k8s.io"}, Resources: []string{"ingresses"},
		Read: Watched, Write: None, Why: "Ingresses of Istio's class",
	},
	{
		Groups: istioGroups, Resources: []string{"*"},
		Read: Watched, Write: ApplicationNamespaces, Why: "configuration of the mesh; status; WorkloadEntries that register themselves",
	},
	{
		Groups: gatewayGroups, Resources: []string{"*"},
		Read: Watched, Write: ApplicationNamespaces, Why: "configuration by the Gateway API; status",
	},
	{
		Groups: []string{"multicluster.x-k8s.io"}, Resources: []string{"serviceexports", "serviceimports"},
		Read: Watched, Write: ApplicationNamespaces, Why: "multi-cluster services",
	},
}

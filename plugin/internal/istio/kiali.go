package istio

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// kiali is the console among the addons of current Istio. Sources: kiali/kiali
// and kiali/helm-charts 2.27, the version of Istio 1.31's samples.
var kiali = Component{
	Name:           "Kiali",
	Images:         []string{"kiali"},
	Containers:     []string{"kiali"},
	Accounts:       []string{"kiali"},
	Configurations: []Configuration{{Mark: "cluster_wide_access", Edit: editKiali}},
	Rights: []Right{
		{
			Groups: []string{""}, Resources: []string{"namespaces"},
			Read: TenantNamespaces, Write: None, Why: "it asks for each by its name; only the cluster administrator labels them",
		},
		{
			Groups: []string{""}, Resources: []string{"pods/portforward"},
			Read: None, Write: ApplicationNamespaces, Verbs: []string{"create"},
			Why: "what a proxy is configured with; not in the control plane's namespace, where istiod trusts its own Pod",
		},
		{
			Groups: []string{""}, Resources: []string{"configmaps", "endpoints", "pods", "pods/log", "replicationcontrollers", "services"},
			Read: TenantNamespaces, Write: ApplicationNamespaces, Verbs: []string{"patch"}, Why: "workloads and services, which it may annotate",
		},
		{
			Groups: []string{"extensions", "apps"}, Resources: []string{"daemonsets", "deployments", "replicasets", "statefulsets"},
			Read: TenantNamespaces, Write: ApplicationNamespaces, Verbs: []string{"patch"}, Why: "workloads, which it may annotate",
		},
		{
			Groups: []string{"batch"}, Resources: []string{"cronjobs", "jobs"},
			Read: TenantNamespaces, Write: ApplicationNamespaces, Verbs: []string{"patch"}, Why: "workloads, which it may annotate",
		},
		{
			Groups: gatewayGroups, Resources: []string{"gatewayclasses"},
			Read: Cluster, Write: None, Why: "which Gateways are Istio's",
		},
		{
			Groups:    append([]string{ExtensionGroup, NetworkingGroup, SecurityGroup, TelemetryGroup}, gatewayGroups...),
			Resources: []string{"*"},
			Read:      TenantNamespaces, Write: ApplicationNamespaces, Why: "configuration of the mesh",
		},
		{
			Groups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"},
			Read: None, Write: Cluster, Why: "people log in by ServiceAccount token",
		},
		{
			Groups: []string{"admissionregistration.k8s.io"}, Resources: []string{"mutatingwebhookconfigurations"},
			Read: Cluster, Write: None, Why: "which revisions and tags there are",
		},
		{
			Groups:    []string{"apps.openshift.io", "route.openshift.io", "oauth.openshift.io"},
			Resources: []string{"deploymentconfigs", "routes", "oauthclients"},
			Read:      None, Write: None, Why: "OpenShift's own; a cluster-wide OAuthClient is the cluster administrator's",
		},
	},
	BareNames: []BareName{{Kinds: rbacOfCluster, Pattern: "kiali", InFront: true}},
}

// editKiali has Kiali ask for the tenant's namespaces only: without cluster-wide
// access it takes those that its discovery selectors name, and lists no others.
// There, it knows one selector a namespace, by the label of the name, and refuses
// all others: config.extractAccessibleNamespaceList.
func editKiali(config *yaml.RNode, v Values) (dropped []string, err error) {
	var selectors []any
	for _, namespace := range v.Namespaces() {
		selectors = append(selectors, map[string]any{"matchLabels": map[string]any{object.NameLabel: namespace}})
	}
	if err := object.Set(config, false, "deployment", "cluster_wide_access"); err != nil {
		return nil, err
	}
	return nil, object.Set(config, map[string]any{"default": selectors}, "deployment", "discovery_selectors")
}

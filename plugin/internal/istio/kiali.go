package istio

import (
	"cmp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// kiali is the console among the addons of current Istio. Whoever logs in writes
// with rights of his own; without a login, which is Kiali's strategy "anonymous",
// he would write with Kiali's. So Kiali itself only reads. Without access to the
// whole cluster it asks for nothing of the cluster's either. Sources: kiali/kiali
// 2.27, the version of Istio 1.31's samples (config, istio/discovery.go,
// cache/cache.go, business/controlplane_monitor.go), and kiali/helm-charts.
var kiali = Component{
	Name:           "Kiali",
	Images:         []string{"kiali"},
	Containers:     []string{"kiali"},
	Accounts:       []string{"kiali"},
	Addon:          true,
	Configurations: []Configuration{{Mark: "external_services:", Edit: editKiali}},
	Rights: []Right{
		{
			Groups: []string{""}, Resources: []string{"namespaces"},
			Read: TenantNamespaces, Write: None, Why: "it asks for each by its name; only the cluster administrator labels them",
		},
		{
			Groups: []string{""}, Resources: []string{"pods/portforward"},
			Read: None, Write: None, Why: "whoever reaches istiod's ports from within its Pod needs no authentication; users who are logged in ask " +
				"for the configuration of a proxy with their own rights",
		},
		{
			Groups: []string{""}, Resources: []string{"configmaps", "endpoints", "pods", "pods/log", "replicationcontrollers", "services"},
			Read: TenantNamespaces, Write: None, Why: "workloads, services and the mesh's configuration",
		},
		{
			Groups: []string{"extensions", "apps"}, Resources: []string{"daemonsets", "deployments", "replicasets", "statefulsets"},
			Read: TenantNamespaces, Write: None, Why: "workloads",
		},
		{
			Groups: []string{"batch"}, Resources: []string{"cronjobs", "jobs"},
			Read: TenantNamespaces, Write: None, Why: "workloads",
		},
		{
			Groups: gatewayGroups, Resources: []string{"gatewayclasses"},
			Read: None, Write: None, Why: "without access to the whole cluster, the classes are those of its configuration",
		},
		{
			Groups:    append([]string{ExtensionGroup, NetworkingGroup, SecurityGroup, TelemetryGroup}, gatewayGroups...),
			Resources: []string{"*"},
			Read:      TenantNamespaces, Write: None, Why: "configuration of the mesh",
		},
		{
			Groups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"},
			Read: None, Write: None, Why: "of the strategy header alone, where a proxy in front of Kiali logs people in",
		},
		{
			Groups: []string{"admissionregistration.k8s.io"}, Resources: []string{"mutatingwebhookconfigurations"},
			Read: None, Write: None, Why: "tags of revisions, which a tenant has none of; the list names every tenant",
		},
		{
			Groups:    []string{"apps.openshift.io", "route.openshift.io", "oauth.openshift.io"},
			Resources: []string{"deploymentconfigs", "routes", "oauthclients"},
			Read:      None, Write: None, Why: "OpenShift's own; a cluster-wide OAuthClient is the cluster administrator's",
		},
	},
	BareNames: []BareName{{Kinds: rbacOfCluster, Pattern: "kiali", InFront: true}},
}

// kialiFields are the fields of Kiali's configuration that a tenant says, as text
// with placeholders (see [Values]). Kiali 1.x knows all of them; 2.x finds out
// itself what the control plane is called, and passes over those that it does not
// know.
var kialiFields = []struct {
	path  []string
	value string
}{
	{[]string{"istio_namespace"}, "{controlPlane}"},
	{[]string{"deployment", "namespace"}, "{here}"},
	{[]string{"external_services", "istio", "root_namespace"}, "{controlPlane}"},
	{[]string{"external_services", "istio", "config_map_name"}, MeshConfigMap + "-{revision}"},
	{[]string{"external_services", "istio", "istio_sidecar_injector_config_map_name"}, InjectorPrefix + "-{revision}"},
	{[]string{"external_services", "istio", "istiod_deployment_name"}, IstiodService + "-{revision}"},
	{[]string{"external_services", "istio", "url_service_version"}, "http://" + IstiodService + "-{revision}.{controlPlane}:15014/version"},
}

// kialiAddresses are where Kiali asks others, and what is there if nothing else
// is said, and not under alias either: by default they are in
// [UpstreamNamespace], which may be another tenant's. 1.x knows in_cluster_url,
// which goes before internal_url since.
var kialiAddresses = []struct{ section, field, alias, value string }{
	{"external_services.prometheus", "url", "", "http://prometheus:9090"},
	{"external_services.custom_dashboards.prometheus", "url", "", ""}, // without one, Kiali asks the other
	{"external_services.grafana", "internal_url", "in_cluster_url", "http://grafana:3000"},
	{"external_services.tracing", "internal_url", "in_cluster_url", "http://tracing:16685/jaeger"},
	{"server.observability.tracing", "collector_url", "", "jaeger-collector:4318"}, // of Kiali's own traces, if it has any
}

// editKiali has Kiali ask for the tenant's namespaces, control plane and addons
// only.
func editKiali(config *yaml.RNode, v Values) (notes []string, err error) {
	for _, f := range kialiFields {
		if err := object.Set(config, v.Expand(f.value), f.path...); err != nil {
			return nil, err
		}
	}
	if err := limitKiali(config, v.Namespaces()); err != nil {
		return nil, err
	}
	note, err := closeKiali(config)
	if err != nil {
		return nil, err
	}
	notes = append(notes, note...)
	for _, a := range kialiAddresses {
		section := strings.Split(a.section, ".")
		field := append(slices.Clone(section), a.field)
		if a.alias != "" {
			alias := append(slices.Clone(section), a.alias)
			note, err := ownAddress(config, cmp.Or(object.String(config, field...), a.value), v, alias...)
			if err != nil {
				return nil, err
			}
			notes, a.value = append(notes, note...), object.String(config, alias...)
		}
		note, err := ownAddress(config, a.value, v, field...)
		if err != nil {
			return nil, err
		}
		notes = append(notes, note...)
	}
	return notes, nil
}

// limitKiali names the tenant's namespaces: without access to the whole cluster,
// Kiali takes those that its discovery selectors name, and lists no others. There
// it knows one selector a namespace, by the label of the name, and refuses all
// others (config.extractAccessibleNamespaceList). 1.x has a list.
func limitKiali(config *yaml.RNode, namespaces []string) error {
	var selectors []any
	for _, namespace := range namespaces {
		selectors = append(selectors, map[string]any{"matchLabels": map[string]any{object.NameLabel: namespace}})
	}
	if err := object.Set(config, false, "deployment", "cluster_wide_access"); err != nil {
		return err
	}
	if err := object.Set(config, map[string]any{"default": selectors}, "deployment", "discovery_selectors"); err != nil {
		return err
	}
	return object.Set(config, slices.Clone(namespaces), "deployment", "accessible_namespaces")
}

// closeKiali has Kiali not ask istiod which proxies are in step. It would by a
// port-forward into istiod's Pod, where no token is asked for: there are the keys
// of the mesh, and whoever had that right could take them.
func closeKiali(config *yaml.RNode) (notes []string, err error) {
	api := []string{"external_services", "istio", "istio_api_enabled"}
	if object.String(config, api...) == "true" {
		notes = append(notes, "external_services.istio.istio_api_enabled: found true, and false is used: Kiali would send requests to istiod by a port-forward into "+
			"its Pod, and the right to do so gives access to istiod's keys")
	}
	if strategy := object.String(config, "auth", "strategy"); strategy == "anonymous" {
		notes = append(notes, "auth.strategy: found \"anonymous\": whoever connects, such as any Pod of the tenant, sees what Kiali's ServiceAccount reads in all of the "+
			"tenant's namespaces; with \"token\", people log in, and see and do what they may themselves")
	}
	return notes, object.Set(config, false, api...)
}

package confine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// TestWhatReadsThroughTheProxy: of what has no namespace, its own by name; of the
// rest, the tenant's namespaces, the control plane's included.
func TestWhatReadsThroughTheProxy(t *testing.T) {
	proxied := strings.Replace(input, "namespace: istio-system1}\nspec:\n  template:",
		"namespace: istio-system1, annotations: {istio-tenancy.dev/api-proxy-image: a/b:1.0}}\nspec:\n  template:", 1)
	require.NotEqual(t, input, proxied)
	proxied = strings.Replace(proxied, "resources: [pods, nodes, services]", "resources: [pods, nodes, namespaces, services, secrets]", 1)
	rules := func(nodes bool) (cluster string, own, application string) {
		f := filter(t, "proxy")
		f.Tenant.Spec.ControlPlane.ReadNodes = &nodes
		objects, err := f.Filter(objecttest.Parse(t, proxied))
		require.NoError(t, err)
		for _, o := range objects {
			list, err := rbac.Of(o)
			require.NoError(t, err)
			var lines []string
			for _, r := range list {
				lines = append(lines, strings.TrimSpace(strings.Join(r.Verbs, ",")+" "+strings.Join(r.Resources, ",")+" "+strings.Join(r.ResourceNames, ",")))
			}
			switch id := object.IDOf(o); {
			case id.Kind == "ClusterRole":
				cluster = strings.Join(lines, "\n")
			case id.Kind == "Role" && id.Namespace == "istio-system1":
				own = strings.Join(lines, "\n")
			case id.Kind == "Role" && id.Namespace == "ns-1":
				application = strings.Join(lines, "\n")
			}
		}
		return cluster, own, application
	}
	for nodes, of := range map[bool]string{false: "", true: "get,list,watch nodes\n"} {
		cluster, own, application := rules(nodes)
		require.Equal(t, "get,list,watch mutatingwebhookconfigurations istio-sidecar-injector-sales-istio-system1\n"+
			"update,patch mutatingwebhookconfigurations istio-sidecar-injector-sales-istio-system1\n"+of+
			"get,list,watch namespaces istio-system1,ns-1", cluster)
		const both = "get,list,watch *\nget,list,watch pods,services,secrets,configmaps\ncreate,update configmaps\n"
		require.Equal(t, both+"update,patch ingresses/status", own)
		require.Equal(t, both+"update,patch ingresses/status", application)
	}
}

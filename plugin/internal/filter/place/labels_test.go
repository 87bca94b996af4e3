package place_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

const app = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns-1}}"

func TestSaysWhatLabelsOfTheTenantOpen(t *testing.T) {
	const devices = "whoever may create a ResourceClaim in the tenant's namespaces can use devices that are in use by other tenants; " +
		"leave it out, unless the tenant administers the devices of the cluster"
	for _, test := range []struct{ label, value, want string }{
		{"openshift.io/run-level", "0", "OpenShift then applies no SecurityContextConstraints to the tenant's Pods, which may run as root; leave " +
			"it out, because it is for namespaces of the cluster itself"},
		{"openshift.io/run-level", "9", ""},
		{"resource.kubernetes.io/admin-access", "true", devices},
		{"resource.k8s.io/admin-access", "true", devices},
		{"resource.kubernetes.io/admin-access", "false", ""},
		{"team", "true", ""},
	} {
		var all, want []string
		if test.want != "" {
			want = []string{"spec.namespaceLabels[" + test.label + `]: found "` + test.value + `": ` + test.want}
		}
		f := filter()
		f.Warn = func(w string) { all = append(all, w) }
		f.Tenant.Spec.ApplicationNamespaces = []string{"ns-1"}
		f.Tenant.Spec.NamespaceLabels = map[string]string{test.label: test.value}
		objecttest.Run(t, f, app)
		require.Equal(t, want, all, test.label)
	}
}

// injector is what injects with a template and values.
func injector(name, template, values string) string {
	return "\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: " + name + ", namespace: istio-system1}, data: {config: '" + template + "', values: '" + values + "'}}"
}

func TestSaysThatALevelRefusesTheInjectedContainer(t *testing.T) {
	const (
		later   = "{{ if not .Values.pilot.cni.enabled }} NET_ADMIN {{ end }}"
		earlier = "{{ if not .Values.istio_cni.enabled }} NET_ADMIN {{ end }}"
		always  = "add: [NET_ADMIN, NET_RAW]"
		name    = "istio-sidecar-injector-sales"
	)
	for test, row := range map[string]struct {
		level, text string
		warns       bool
	}{
		"baseline":                        {"baseline", injector(name, later, `{"pilot":{"cni":{"enabled":false}}}`), true},
		"restricted":                      {"restricted", injector(name, later, `{}`), true},
		"no level":                        {"", injector(name, later, `{}`), false},
		"a template without values":       {"baseline", injector("istio-sidecar-injector", always, ""), true},
		"the agent":                       {"baseline", injector(name, later, `{"pilot":{"cni":{"enabled":true}}}`), false},
		"the agent, as it was called":     {"restricted", injector(name, earlier, `{"istio_cni":{"enabled":true}}`), false},
		"the agent by a name of before":   {"baseline", injector(name, later, `{"istio_cni":{"enabled":true}}`), true},
		"the agent by a name of after":    {"baseline", injector(name, earlier, `{"pilot":{"cni":{"enabled":true}}}`), true},
		"a template that nobody asks":     {"baseline", injector(name, always, `{"pilot":{"cni":{"enabled":true}}}`), true},
		"nothing that injects":            {"baseline", "", false},
		"a ConfigMap of another name":     {"baseline", injector("mine", always, ""), false},
		"an injector of the applications": {"baseline", strings.Replace(injector(name, always, ""), "istio-system1", "ns-1", 1), false},
	} {
		t.Run(test, func(t *testing.T) {
			var want []string
			if row.warns {
				want = []string{`spec.namespaceLabels[pod-security.kubernetes.io/enforce]: found "` + row.level + `": with it, Kubernetes refuses each Pod that gets a proxy, ` +
					"since the control plane injects istio-init, which needs NET_ADMIN and NET_RAW: leave it out, the policy of bases/tenancy limits Pods to baseline, " +
					"with exceptions for these; or have Istio's CNI agent in the cluster, and the base rendered for it (values: istio_cni.enabled, or later pilot.cni.enabled)"}
			}
			require.Equal(t, want, warnings(t, app+row.text, row.level, "ns-1"))
		})
	}
}

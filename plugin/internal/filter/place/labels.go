package place

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

const restricted = "restricted"

// opening are labels of namespaces that give their Pods more than others have,
// where they have one of these values.
// Sources: Kubernetes, DRAAdminAccess, whose label was another in 1.33; OpenShift,
// SecurityContextConstraints.
var opening = []struct {
	label  string
	values []string
	opens  string
}{
	{podSecurity, []string{privileged}, "the tenant's Pods may do everything on their nodes, and with that reach every tenant whose Pods run there; " +
		"without the label, the policy of bases/tenancy keeps them from their nodes"},
	{"openshift.io/run-level", []string{"0", "1"}, "OpenShift then applies no SecurityContextConstraints to the tenant's Pods, which may run as root; leave " +
		"it out, because it is for namespaces of the cluster itself"},
	{"resource.kubernetes.io/admin-access", []string{"true"}, adminAccess},
	{"resource.k8s.io/admin-access", []string{"true"}, adminAccess},
}

const adminAccess = "whoever may create a ResourceClaim in the tenant's namespaces can use devices that are in use by other tenants; " +
	"leave it out, unless the tenant administers the devices of the cluster"

// warnOfLabels says what a tenant may do that its file opens.
func (f Filter) warnOfLabels() {
	for _, o := range opening {
		if value := f.Tenant.Spec.NamespaceLabels[o.label]; slices.Contains(o.values, value) {
			f.Tenant.Warn("spec.namespaceLabels[%s]: found %q: %s", o.label, value, o.opens)
		}
	}
}

// warnOfInit names a level with which no Pod of the mesh starts: the API server
// refuses what the injector puts into it.
func (f Filter) warnOfInit(objects []*yaml.RNode) {
	level := f.Tenant.Spec.NamespaceLabels[podSecurity]
	if level != baseline && level != restricted || !f.injectsInit(objects) {
		return
	}
	var values []string
	for _, path := range istio.AgentValues {
		values = append(values, strings.Join(path, "."))
	}
	f.Tenant.Warn("spec.namespaceLabels[%s]: found %q: with it, Kubernetes refuses each Pod that gets a proxy, since the control plane injects %s, which needs %s: "+
		"leave it out, the policy of bases/tenancy limits Pods to baseline, with exceptions for these; or have Istio's CNI agent in the cluster, and the base rendered for it (values: %s)",
		podSecurity, level, istio.InitContainer, strings.Join(istio.InitCapabilities, " and "), strings.Join(values, ", or later "))
}

// injectsInit says whether what the control plane injects has the container that
// needs capabilities: where a template has it, and no value takes it out.
func (f Filter) injectsInit(objects []*yaml.RNode) bool {
	return slices.ContainsFunc(object.Of("ConfigMap", objects), func(o *yaml.RNode) bool {
		injectors := strings.HasPrefix(o.GetName(), istio.InjectorPrefix) && o.GetNamespace() == f.Tenant.Own()
		return injectors && hasInit(object.StringMap(o, "data"))
	})
}

func hasInit(data map[string]string) bool {
	has := false
	for _, template := range data {
		has = has || strings.Contains(template, istio.InitCapabilities[0])
		for _, path := range istio.AgentValues {
			asks := strings.Contains(template, ".Values."+strings.Join(path, "."))
			for _, values := range data {
				agent, err := jsontext.IsTrue(values, path...) // fails for what are no values
				if asks && err == nil && agent {
					return false
				}
			}
		}
	}
	return has
}

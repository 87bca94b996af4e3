package place

import (
	"cmp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// warnOfUnread names configuration of Istio that the tenant's istiod does not
// read: where it is, or because it is for another revision. The API server takes
// it, and nothing follows from it. What is known to mean the same where that
// istiod looks, an earlier step has moved there.
func (f Filter) warnOfUnread(o *yaml.RNode) {
	id := object.IDOf(o)
	if named := cmp.Or(o.GetAnnotations()[istio.IngressClassAnnotation], object.String(o, "spec", "ingressClassName")); f.Tenant.InSharedMesh() &&
		id.Kind == "Ingress" && named == istio.DefaultIngressClass {
		f.Tenant.Warn("%s: found the class %q, which no control plane serves where tenants share one, because an Ingress gets every host that it names: "+
			"write a VirtualService for the shared gateway, or for one of the tenant's own", id, named)
	}
	watched := strings.Join(f.Tenant.Watch, ", ")
	beside := id.Namespace == f.Tenant.Own() && len(f.Tenant.Watch) > 0 && !slices.Contains(f.Tenant.Watch, id.Namespace) &&
		o.GetLabels()[v1alpha1.TenantLabel] != f.Tenant.Name()
	if class := o.GetLabels()[istio.ClassDefaultsLabel]; beside && id.Kind == "ConfigMap" && class != "" {
		f.Tenant.Warn("%s: metadata.labels[%s]: found %q: the tenant's control plane watches %s alone (spec.discovery), so that it reads no defaults for its Gateways here: "+
			"name a ConfigMap in the namespace of each under its spec.infrastructure.parametersRef", id, istio.ClassDefaultsLabel, class, watched)
	}
	if _, isIstios := istio.Resources[id.Group]; !isIstios && id.Group != istio.GatewayGroup || !f.Tenant.Revisions() {
		return
	}
	labels := o.GetLabels()
	if rev := labels[istio.RevisionLabel]; rev != "" && !f.Tenant.IsOwnRevision(rev) {
		f.Tenant.Warn("%s: metadata.labels[%s]: found %q, so that the tenant's control plane, of revision %q, skips it: remove the label",
			id, istio.RevisionLabel, rev, f.Tenant.Revision())
	}
	if !beside || f.Tenant.IsCharts(o) {
		return
	}
	f.Tenant.Warn("%s: metadata.namespace: the tenant's control plane watches %s alone (spec.discovery), so that it reads nothing of this kind here: "+
		"write namespace: %s", id, watched, f.Tenant.Watch[0])
}

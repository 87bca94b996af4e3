package confine

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// warnOfBeside names RoleBindings of an overlay for somebody beside the control
// plane: with the wrong role, that is a way to become it. What the tenant's file
// grants is not.
func (f Filter) warnOfBeside(objects []*yaml.RNode) {
	gateways := gateway.In(objects, f.Tenant.IstioTenant)
	for _, b := range object.Of("RoleBinding", objects) {
		if b.GetNamespace() != f.Tenant.Own() || b.GetLabels()[v1alpha1.TenantLabel] != "" || gateways.Moves(b) {
			continue
		}
		for i, s := range object.List(b, "subjects") {
			subject := object.ID{Kind: object.String(s, "kind"), Namespace: object.String(s, "namespace"), Name: object.String(s, "name")}
			if subject.Kind == "ServiceAccount" && subject.Namespace == f.Tenant.Own() && f.programOf(subject.Name).Name != "" {
				continue
			}
			f.Tenant.Warn("%s: subjects[%d]: found %s: who may write, exec or read Secrets beside the control plane becomes it, and %s %s is not "+
				"looked at; spec.admins and spec.viewers of the tenant grant what is safe there",
				object.IDOf(b), i, subject, object.String(b, "roleRef", "kind"), object.String(b, "roleRef", "name"))
		}
	}
}

package confine

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
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

// warnOfWildcards names roles of an overlay that include the Namespace itself:
// the API server asks for the rights on it in that namespace. The rules of
// ClusterRoles that are confined have been looked at.
func (f Filter) warnOfWildcards(objects []*yaml.RNode, confined map[string]parts) error {
	for _, o := range objects {
		_, done := confined[o.GetName()]
		kind := o.GetKind()
		if kind != "Role" && (kind != "ClusterRole" || done) || o.GetLabels()[v1alpha1.TenantLabel] != "" {
			continue
		}
		rules, err := rbac.Of(o)
		if err != nil {
			return fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
		for i, r := range rules {
			if includes(r.APIGroups, "") && includes(r.Resources, "namespaces") {
				f.Tenant.Warn("%s: rules[%d]: includes the Namespace itself, which is the cluster administrator's: write out the resources "+
					"that are meant", object.IDOf(o), i)
			}
		}
	}
	return nil
}

// includes says whether a list of a rule includes a word, by itself or by "*".
func includes(list []string, word string) bool {
	return slices.Contains(list, word) || slices.Contains(list, "*")
}

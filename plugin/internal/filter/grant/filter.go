package grant

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/confine"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Filter grants Tenant's administrators and viewers their rights.
type Filter struct {
	Tenant tenancy.Tenant
}

var _ kio.Filter = Filter{}

// Filter adds Roles and RoleBindings in the tenant's namespaces. Full access to the
// namespace of a control plane that has rights outside of the tenant is an error.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	if f.Tenant.Spec.ControlPlane.AdminAccess == v1alpha1.AdminAccessFull {
		if err := confine.Escalation(objects, f.Tenant); err != nil {
			return nil, fmt.Errorf("spec.controlPlane.adminAccess: found %q: %w; use %q, or bring the webhooks' caBundle with the base%s",
				v1alpha1.AdminAccessFull, err, v1alpha1.AdminAccessOperate, f.andLimit())
		}
	}
	for _, made := range f.all() {
		var err error
		if objects, err = object.Put(objects, f.Tenant.Name(), made); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// andLimit says what else keeps a control plane that lists the cluster from
// reaching beyond its tenant.
func (f Filter) andLimit() string {
	if !f.Tenant.Lists {
		return ""
	}
	return fmt.Sprintf(" and have the control plane read the tenant's namespaces only: by the discovery %q, or with one application namespace, by %q",
		v1alpha1.DiscoveryProxy, v1alpha1.DiscoveryNamespace)
}

// audience is a group of people and what they get.
type audience struct {
	subjects []v1alpha1.Subject
	// role and binding are formats of the names; %[1]s is the tenant, %[2]s the namespace.
	role, binding string
	// rules are for the control plane's namespace.
	rules []rbac.Rule
	// clusterRole is Kubernetes' own, for the application namespaces.
	clusterRole string
}

func (f Filter) all() []map[string]any {
	var made []map[string]any
	for _, a := range []audience{
		{
			f.Tenant.Spec.Admins, "ns-access-for-%[1]s-admin-%[2]s", "access-all-%[2]s",
			adminRules[f.Tenant.Spec.ControlPlane.AdminAccess], "admin",
		},
		{f.Tenant.Spec.Viewers, "ns-view-for-%[1]s-viewer-%[2]s", "view-all-%[2]s", viewRules, "view"},
	} {
		if len(a.subjects) == 0 {
			continue
		}
		if own := f.Tenant.Own(); !f.Tenant.Shares() {
			role := fmt.Sprintf(a.role, f.Tenant.Name(), own)
			made = append(made,
				object.New(rbac.APIVersion, "Role", own, role, map[string]any{"rules": rbac.Values(a.rules)}),
				a.bind(f.Tenant.Name(), own, "Role", role))
		}
		for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
			made = append(made, a.bind(f.Tenant.Name(), namespace, "ClusterRole", a.clusterRole))
		}
	}
	if f.Tenant.Shares() {
		made = append(made, f.members()...)
	}
	return made
}

// members let the control plane that the tenant shares write in its namespaces what it
// writes in those of its own: Roles in the control plane's overlay name no other tenant.
func (f Filter) members() []map[string]any {
	values := f.Tenant.Values()
	istiod := audience{
		subjects: []v1alpha1.Subject{{Kind: "ServiceAccount", Namespace: f.Tenant.Own(), Name: values.Expand(istio.SharedAccount)}},
		binding:  values.Expand(istio.MemberBinding),
	}
	var made []map[string]any
	for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
		made = append(made, istiod.bind(f.Tenant.Name(), namespace, "ClusterRole", values.Expand(istio.MemberRole)))
	}
	return made
}

// bind returns a RoleBinding for the audience.
func (a audience) bind(tenant, namespace, roleKind, role string) map[string]any {
	var subjects []map[string]any
	for _, s := range a.subjects {
		subject := map[string]any{"kind": s.Kind, "name": s.Name}
		if s.Kind == "ServiceAccount" {
			subject["namespace"] = s.Namespace
		} else {
			subject["apiGroup"] = rbac.Group
		}
		subjects = append(subjects, subject)
	}
	binding := strings.NewReplacer("%[1]s", tenant, "%[2]s", namespace).Replace(a.binding)
	return object.New(rbac.APIVersion, "RoleBinding", namespace, binding,
		map[string]any{
			"roleRef":  map[string]any{"apiGroup": rbac.Group, "kind": roleKind, "name": role},
			"subjects": subjects,
		})
}

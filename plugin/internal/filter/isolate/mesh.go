package isolate

import (
	"fmt"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// security returns the apiVersion of Istio's security kinds: v1 since 1.22,
// v1beta1 before.
func (f Filter) security() string {
	if f.Plan.AtLeast("1.22") {
		return "security.istio.io/v1"
	}
	return "security.istio.io/v1beta1"
}

// policiesSince is the minor version that brought PeerAuthentication and
// AuthorizationPolicies that deny.
const policiesSince = "1.5"

// policies are what holds for the whole mesh, in each namespace of the plan.
func (f Filter) policies() []map[string]any {
	if f.Plan.Before(policiesSince) {
		if f.Warn != nil && f.Tenant.Spec.MTLS != v1alpha1.MTLSNone {
			f.Warn(fmt.Sprintf("spec.mtls: found %q; nothing is made of it, as Istio %s has no PeerAuthentication: say it in the mesh "+
				"(authPolicy, up to 0.7) or by a Policy (0.8 to 1.4), and %q here", f.Tenant.Spec.MTLS, f.Plan.Version, v1alpha1.MTLSNone))
		}
		return nil
	}
	var made []map[string]any
	for _, namespace := range f.Plan.Policies {
		if f.Tenant.Spec.Network.Policy == v1alpha1.NetworkIsolated {
			made = append(made, f.denyOtherTenants(namespace))
		}
		if f.Tenant.Spec.MTLS != v1alpha1.MTLSNone {
			made = append(made, f.mutualTLS(namespace))
		}
	}
	return made
}

func (f Filter) mutualTLS(namespace string) map[string]any {
	return object.New(f.security(), "PeerAuthentication", namespace, "default",
		map[string]any{"spec": map[string]any{"mtls": map[string]any{"mode": string(f.Tenant.Spec.MTLS)}}})
}

// denyOtherTenants refuses peers with a certificate of a namespace outside of
// the tenant. istiod's CA signs for any ServiceAccount of the cluster that
// reaches it, so a certificate of this mesh alone proves nothing. Peers without
// one are left to mutual TLS: a gateway serves them.
func (f Filter) denyOtherTenants(namespace string) map[string]any {
	return object.New(f.security(), "AuthorizationPolicy", namespace, "deny-other-tenants", map[string]any{
		"spec": map[string]any{
			"action": "DENY",
			"rules": []any{map[string]any{"from": []any{map[string]any{"source": map[string]any{
				"principals":    []string{"*"},
				"notNamespaces": slices.Concat(f.Tenant.Namespaces(), f.Tenant.Spec.Network.AllowFrom),
			}}}}},
		},
	})
}

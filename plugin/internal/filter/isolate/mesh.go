package isolate

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// security returns the apiVersion of Istio's security kinds; none, if the
// tenant's Istio has no such kinds.
func (f Filter) security() (string, bool) {
	for _, v := range istio.SecurityVersions {
		if f.Tenant.Holds(v.Range) {
			return v.APIVersion, true
		}
	}
	return "", false
}

// policies are what holds for the whole mesh, in each namespace of the plan.
func (f Filter) policies() []map[string]any {
	version, known := f.security()
	if !known {
		if f.Tenant.Spec.MTLS != v1alpha1.MTLSNone {
			f.Tenant.Warn("spec.mtls: found %q; it has no effect, because Istio %s has no PeerAuthentication: %s, and %q here",
				f.Tenant.Spec.MTLS, f.Tenant.Version, istio.MutualTLSBefore, v1alpha1.MTLSNone)
		}
		return nil
	}
	var made []map[string]any
	if f.Tenant.Hosts() && f.Tenant.Spec.Network.Policy == v1alpha1.NetworkIsolated {
		// In the root namespace, it would be said of the other tenants' namespaces, too.
		for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
			made = append(made, f.denyOtherTenants(version, namespace))
		}
	}
	for _, namespace := range f.Tenant.Plan.Policies {
		if f.Tenant.Spec.Network.Policy == v1alpha1.NetworkIsolated && !f.Tenant.Hosts() {
			made = append(made, f.denyOtherTenants(version, namespace))
		}
		if f.Tenant.Spec.MTLS != v1alpha1.MTLSNone {
			made = append(made, f.mutualTLS(version, namespace))
		}
	}
	return made
}

func (f Filter) mutualTLS(version, namespace string) map[string]any {
	return object.New(version, "PeerAuthentication", namespace, istio.MutualTLSPolicy,
		map[string]any{"spec": map[string]any{"mtls": map[string]any{"mode": string(f.Tenant.Spec.MTLS)}}})
}

// denyOtherTenants refuses peers with a certificate of a namespace outside of
// the tenant. Up to 1.7, istiod's CA signs for any ServiceAccount of the cluster
// that reaches it, so that a certificate of this mesh alone proves nothing; since
// then, tokens of the tenant's audience are what it signs for, and this stands
// behind them. Peers without a certificate are left to mutual TLS: a gateway
// serves them.
func (f Filter) denyOtherTenants(version, namespace string) map[string]any {
	return object.New(version, "AuthorizationPolicy", namespace, istio.OtherTenantsPolicy, map[string]any{
		"spec": map[string]any{
			"action": "DENY",
			"rules": []any{map[string]any{"from": []any{map[string]any{"source": map[string]any{
				"principals":    []string{"*"},
				"notNamespaces": slices.Concat(f.Tenant.Namespaces(), f.Tenant.Spec.Network.AllowFrom),
			}}}}},
		},
	})
}

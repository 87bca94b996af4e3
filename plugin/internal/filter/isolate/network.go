package isolate

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/sidecar"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// networkPolicies close the tenant's namespaces to everybody else. Policies
// add up: a pod that one of them selects accepts what any of them allows.
func (f Filter) networkPolicies(objects []*yaml.RNode) []policy {
	own, allowed := f.Tenant.Own(), f.Tenant.Spec.Network.AllowFrom
	plane := map[string]any{"matchLabels": f.Tenant.Plane.PodLabels()}
	var policies []policy
	if !f.Tenant.Shares() {
		policies = append(policies, policy{own, allowTenant, everyPod, f.Tenant.Namespaces(), nil})
	}
	for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
		if f.Tenant.Spec.Network.WithinTenant == v1alpha1.WithinTenantDeny {
			// Selecting every Pod closes it to everybody else; the tenant's
			// monitoring runs beside the control plane, unless others share that.
			p := policy{namespace, "allow-control-plane", everyPod, []string{own}, nil}
			if f.Tenant.Shares() {
				p.name, p.from = "deny-all", []string{}
			}
			policies = append(policies, p)
			continue
		}
		policies = append(policies, policy{namespace, allowTenant, everyPod, f.Tenant.Namespaces(), nil})
	}
	if !f.Tenant.Shares() {
		policies = append(policies, f.openings(objects)...)
	}
	if len(allowed) > 0 {
		for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
			policies = append(policies, policy{namespace, "allow-from", everyPod, allowed, nil})
		}
		// Not xDS, the CA or the debug port, which are the tenant's alone.
		metrics := []map[string]any{tcp(f.Tenant.Port(istio.PortMonitoring))}
		if f.Tenant.Proxied {
			metrics = append(metrics, tcp(sidecar.MetricsPort))
		}
		if !f.Tenant.Shares() {
			policies = append(policies, policy{own, "allow-from", plane, allowed, metrics})
		}
	}
	return append(policies, f.gateways(objects)...)
}

// allowTenant is the policy that opens a namespace to the whole tenant.
const allowTenant = "allow-tenant"

// warnOfPolicies names NetworkPolicies of an overlay that narrow nothing: what
// one policy allows, no other takes away.
func (f Filter) warnOfPolicies(objects []*yaml.RNode) {
	if f.Tenant.Spec.Network.WithinTenant == v1alpha1.WithinTenantDeny {
		return
	}
	for _, o := range object.Of("NetworkPolicy", objects) {
		types := object.Strings(o, "spec", "policyTypes")
		if o.GetLabels()[v1alpha1.TenantLabel] != "" || gateway.Owns(o) || o.GetNamespace() == f.Tenant.Own() ||
			len(types) > 0 && !slices.Contains(types, "Ingress") || opens(o) {
			continue
		}
		id := object.IDOf(o)
		if id.Namespace == "" {
			id.Namespace = f.Tenant.Spec.ApplicationNamespaces[0]
		}
		f.Tenant.Warn("%s: spec.podSelector: these Pods stay open to the whole tenant, in spite of this policy: %q allows that, and policies "+
			"add up; set spec.network.withinTenant of the tenant to %q, so that only policies such as this one open them",
			id, allowTenant, v1alpha1.WithinTenantDeny)
	}
}

// opens says whether a policy lets everybody in somewhere, so that it is there
// to open and not to narrow.
func opens(policy *yaml.RNode) bool {
	return slices.ContainsFunc(object.List(policy, "spec", "ingress"), func(rule *yaml.RNode) bool {
		return len(object.List(rule, "from")) == 0
	})
}

var everyPod = map[string]any{}

// policy says who may connect to Pods of a namespace, beside whom others let in.
type policy struct {
	namespace, name string
	pods            map[string]any // a label selector
	from            []string       // namespaces; nil: everybody
	ports           []map[string]any
}

// object is the NetworkPolicy that says so.
func (p policy) object() map[string]any {
	rule := map[string]any{}
	if p.from != nil {
		rule["from"] = []any{map[string]any{"namespaceSelector": inNamespaces(p.from)}}
	}
	if len(p.ports) > 0 {
		rule["ports"] = p.ports
	}
	rules := []map[string]any{rule}
	if p.from != nil && len(p.from) == 0 {
		rules = nil
	}
	return object.New("networking.k8s.io/v1", "NetworkPolicy", p.namespace, p.name, map[string]any{
		"spec": map[string]any{"podSelector": p.pods, "policyTypes": []string{"Ingress"}, "ingress": rules},
	})
}

func tcp(port int) map[string]any { return map[string]any{"protocol": "TCP", "port": port} }

// inNamespaces is a selector of namespaces by name.
func inNamespaces(names []string) map[string]any {
	return map[string]any{"matchExpressions": []any{object.InNamespaces(names)}}
}

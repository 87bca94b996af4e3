package isolate

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// networkPolicies close the tenant's namespaces to everybody else. Policies
// add up: a pod that one of them selects accepts what any of them allows.
func (f Filter) networkPolicies(objects []*yaml.RNode) []map[string]any {
	own, allowed := f.Tenant.Own(), f.Tenant.Spec.Network.AllowFrom
	pilot := map[string]any{"matchLabels": f.Tenant.Plane.PodLabels()}
	var policies []map[string]any
	for _, namespace := range f.Tenant.Namespaces() {
		policies = append(policies, policy(namespace, "allow-tenant", everyPod, rule(from(f.Tenant.Namespaces()))))
	}
	policies = append(policies, f.openings(objects)...)
	if len(allowed) > 0 {
		for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
			policies = append(policies, policy(namespace, "allow-from", everyPod, rule(from(allowed))))
		}
		// Not xDS, the CA or the debug port, which are the tenant's alone.
		policies = append(policies, policy(own, "allow-from", pilot, rule(from(allowed), tcp(f.Tenant.Port(istio.PortMonitoring)))))
	}
	return append(policies, f.gateways(objects)...)
}

var everyPod = map[string]any{}

func policy(namespace, name string, pods map[string]any, rules ...map[string]any) map[string]any {
	return object.New("networking.k8s.io/v1", "NetworkPolicy", namespace, name, map[string]any{
		"spec": map[string]any{"podSelector": pods, "policyTypes": []string{"Ingress"}, "ingress": rules},
	})
}

// rule allows peers, nil being everybody, to ports, none being all.
func rule(peers []any, ports ...map[string]any) map[string]any {
	r := map[string]any{}
	if peers != nil {
		r["from"] = peers
	}
	if len(ports) > 0 {
		r["ports"] = ports
	}
	return r
}

func tcp(port int) map[string]any { return map[string]any{"protocol": "TCP", "port": port} }

// from are the pods of namespaces.
func from(namespaces []string) []any {
	return []any{map[string]any{"namespaceSelector": map[string]any{"matchExpressions": []any{object.InNamespaces(namespaces)}}}}
}

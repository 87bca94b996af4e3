package isolate

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// partition are the Sidecars by which the proxies of a mesh of several tenants see their
// own tenant: one for each namespace, and one for all in which there is none, in the
// mesh's root namespace.
func (f Filter) partition() []map[string]any {
	switch {
	case f.Tenant.Hosts():
		made := []map[string]any{egressOf(f.Tenant.Own(), nil)}
		for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
			made = append(made, egressOf(namespace, f.Tenant.Namespaces()))
		}
		return made
	case f.Tenant.Shares():
		var made []map[string]any
		for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
			made = append(made, egressOf(namespace, f.Tenant.Namespaces()))
		}
		return made
	}
	return nil
}

// egressOf lets the proxies of a namespace see that, and others.
func egressOf(namespace string, others []string) map[string]any {
	hosts := []string{"./*"}
	for _, other := range others {
		if other != namespace {
			hosts = append(hosts, other+"/*")
		}
	}
	return object.New(istio.NetworkingGroup+"/v1", "Sidecar", namespace, istio.Partition,
		map[string]any{"spec": map[string]any{"egress": []any{map[string]any{"hosts": hosts}}}})
}

// letMembersIn opens a control plane that other tenants share to their proxies: not the
// debug port, nor the metrics, which tell of all.
func (f Filter) letMembersIn() []map[string]any {
	if !f.Tenant.Hosts() {
		return nil
	}
	members := map[string]any{"matchExpressions": []any{f.Tenant.Select(nil)}}
	return []map[string]any{object.New("networking.k8s.io/v1", "NetworkPolicy", f.Tenant.Own(), "allow-members", map[string]any{
		"spec": map[string]any{
			"podSelector": map[string]any{"matchLabels": f.Tenant.Plane.PodLabels()},
			"policyTypes": []string{"Ingress"},
			"ingress": []map[string]any{{
				"from":  []any{map[string]any{"namespaceSelector": members}},
				"ports": []map[string]any{tcp(f.Tenant.Port(istio.PortDiscovery))},
			}},
		},
	})}
}

// annotate says on a Namespace of a mesh of several tenants what the tenant is, where
// the admission policies look for it.
func (f Filter) annotate(namespace *yaml.RNode) error {
	if !f.Tenant.InSharedMesh() {
		return nil
	}
	for _, said := range []struct {
		key   string
		names []string
	}{{v1alpha1.NamespacesAnnotation, f.Tenant.Namespaces()}, {v1alpha1.AllowFromAnnotation, f.Tenant.Spec.Network.AllowFrom}} {
		if len(said.names) == 0 {
			continue
		}
		if err := namespace.PipeE(yaml.SetAnnotation(said.key, strings.Join(said.names, ","))); err != nil {
			return err
		}
	}
	return nil
}

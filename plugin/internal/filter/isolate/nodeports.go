package isolate

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// nodePorts takes fixed ports of the nodes away from the Services that a base
// brings: the API server gives a port to one Service of the cluster, and would
// refuse the second tenant's. An application's own stay, as somebody wrote
// them for this tenant.
func (f Filter) nodePorts(objects []*yaml.RNode) error {
	gateways := gateway.In(objects, f.Tenant.IstioTenant)
	for _, s := range object.Of("Service", objects) {
		shared := s.GetNamespace() == f.Tenant.Own() || gateway.Owns(s)
		fixed, err := fixedPorts(s, shared)
		if err != nil {
			return fmt.Errorf("%s: %w", object.IDOf(s), err)
		}
		if len(fixed) == 0 {
			continue
		}
		id, list := object.IDOf(s), strings.Join(fixed, ", ")
		id.Namespace = gateways.Namespace(s)
		if shared {
			f.Tenant.Warn("%s: dropped %s: a node's port is the cluster's, and one tenant alone could have it; the API server gives "+
				"the Service other ones. To fix a port for this tenant, add a Service of your own to its overlay", id, list)
		} else {
			f.Tenant.Warn("%s: found %s: a node's port is the cluster's, and one tenant alone can have it", id, list)
		}
	}
	return nil
}

// fixedPorts says where a Service fixes ports of the nodes, and to what:
// "spec.ports[1].nodePort 31380". drop takes them away.
func fixedPorts(service *yaml.RNode, drop bool) ([]string, error) {
	var fixed []string
	fix := func(holder *yaml.RNode, path, field string) error {
		value := object.String(holder, field)
		if slices.Contains([]string{"", "0", "null"}, value) {
			return nil
		}
		fixed = append(fixed, path+"."+field+" "+value)
		if !drop {
			return nil
		}
		return holder.PipeE(yaml.Clear(field))
	}
	for i, p := range object.List(service, "spec", "ports") {
		if err := fix(p, fmt.Sprintf("spec.ports[%d]", i), "nodePort"); err != nil {
			return nil, err
		}
	}
	spec, err := service.Pipe(yaml.Lookup("spec"))
	if err != nil || spec == nil {
		return nil, err
	}
	return fixed, fix(spec, "spec", "healthCheckNodePort")
}

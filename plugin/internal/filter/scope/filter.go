package scope

import (
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Filter limits the control plane among its objects to Tenant's namespaces, as its
// plan says.
type Filter struct {
	Tenant tenancy.Tenant

	// ingress is where the proxies run that serve Ingresses.
	ingress string
}

var _ kio.Filter = Filter{}

// Filter changes the control plane's arguments, environment, configuration and
// webhooks, and what the tenant's Prometheus discovers.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	f.ingress = f.findIngress(objects)
	for _, step := range []func([]*yaml.RNode) error{
		f.rootObjects, f.arguments, f.gatewayClasses, f.variables, f.ingresses, f.mesh, f.configurations,
	} {
		if err := step(objects); err != nil {
			return nil, err
		}
	}
	return f.webhooks(objects)
}

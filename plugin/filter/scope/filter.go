package scope

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/program"
)

// Filter limits the control plane among its objects to Tenant's namespaces, in
// the way that Plan says.
type Filter struct {
	Tenant v1alpha1.IstioTenant
	Plan   discovery.Plan
}

var _ kio.Filter = Filter{}

// Filter changes the control plane's arguments, mesh configuration and
// webhooks, and what the tenant's Prometheus discovers.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	plane, err := controlplane.Find(objects)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		func() error { return f.flags(objects) },
		func() error { return f.environment(plane, objects) },
		func() error { return f.ingresses(objects) },
		func() error { return f.mesh(objects) },
		func() error { return f.prometheus(objects) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return f.webhooks(objects)
}

// flags gives each program of the control plane the arguments that limit it.
func (f Filter) flags(objects []*yaml.RNode) error {
	tenant := program.Tenant{Own: f.Tenant.Spec.ControlPlane.Namespace, Applications: f.Tenant.Spec.ApplicationNamespaces}
	for _, o := range objects {
		if o.GetNamespace() != tenant.Own {
			continue
		}
		for _, c := range object.List(o, "spec", "template", "spec", "containers") {
			for _, flag := range program.Of(program.In(c), f.Plan) {
				if err := program.Set(c, flag, tenant); err != nil {
					return fmt.Errorf("%s: %s: %w", object.IDOf(o), flag.Name, err)
				}
			}
		}
	}
	return nil
}

// variable is an environment variable that a tenant's istiod or proxy needs.
type variable struct {
	name  string
	value func(Filter) string
	// when says whether a plan needs it; nil is always.
	when func(discovery.Plan) bool
	// onlyIfSet leaves containers alone that do not have it.
	onlyIfSet bool
}

func fixed(value string) func(Filter) string { return func(Filter) string { return value } }

// istiodVariables are set on istiod. Sources: pilot/pkg/features of the
// versions named.
var istiodVariables = []variable{
	// The informers of istiod are limited to this namespace, so that it needs no right elsewhere.
	{
		name:  "ISTIO_WATCH_NAMESPACE",
		value: func(f Filter) string { return f.Plan.Watch[0] },
		when:  func(p discovery.Plan) bool { return p.Dialect == v1alpha1.DiscoveryNamespace },
	},
	// Without it, discoverySelectors up to 1.21 select services only, not Istio's configuration.
	{
		name:  "ENABLE_ENHANCED_RESOURCE_SCOPING",
		value: fixed("true"),
		when: func(p discovery.Plan) bool {
			return p.Selects && p.Before("1.22")
		},
	},
	// GatewayClasses exist once per cluster: they are the cluster administrator's.
	{name: "PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER", value: fixed("false"), when: discovery.Plan.Revisions},
	// A Gateway configures the proxies of its own namespace, and borrows no others.
	{name: "PILOT_SCOPE_GATEWAY_TO_NAMESPACE", value: fixed("true"), when: discovery.Plan.Revisions},
	// Node proxies that may ask for any workload's certificate: a tenant has none.
	{name: "CA_TRUSTED_NODE_ACCOUNTS", value: fixed(""), onlyIfSet: true},
}

// proxyVariables are set on proxies that a base deploys, such as gateways.
var proxyVariables = []variable{
	{name: "TRUST_DOMAIN", value: trustDomain, onlyIfSet: true},
	{name: "ISTIO_META_MESH_ID", value: trustDomain, onlyIfSet: true},
}

func trustDomain(f Filter) string { return f.Tenant.Spec.ControlPlane.TrustDomain }

func (f Filter) environment(plane controlplane.ControlPlane, objects []*yaml.RNode) error {
	if err := f.setVariables(plane.Container, istiodVariables); err != nil {
		return fmt.Errorf("%s: %w", object.IDOf(plane.Deployment), err)
	}
	for _, o := range objects {
		for _, c := range object.List(o, "spec", "template", "spec", "containers") {
			if err := f.setVariables(c, proxyVariables); err != nil {
				return fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	return nil
}

func (f Filter) setVariables(container *yaml.RNode, variables []variable) error {
	for _, v := range variables {
		if v.when != nil && !v.when(f.Plan) {
			continue
		}
		if v.onlyIfSet {
			existing, err := container.Pipe(yaml.Lookup("env", "[name="+v.name+"]"))
			if err != nil {
				return err
			}
			if existing == nil {
				continue
			}
		}
		value := yaml.NewStringRNode(v.value(f))
		value.YNode().Style = yaml.DoubleQuotedStyle
		if err := container.PipeE(
			yaml.LookupCreate(yaml.MappingNode, "env", "[name="+v.name+"]"),
			yaml.Tee(yaml.Clear("valueFrom")),
			yaml.SetField("value", value)); err != nil {
			return fmt.Errorf("env %s: %w", v.name, err)
		}
	}
	return nil
}

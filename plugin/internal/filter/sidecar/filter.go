package sidecar

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Filter puts the API proxy beside Tenant's control plane.
type Filter struct {
	Tenant tenancy.Tenant
}

var _ kio.Filter = Filter{}

// Filter changes the Pods of the control plane, where the plan says so. Whatever
// of a base would lead the control plane past the proxy is an error.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	if !f.Tenant.Proxied || f.Tenant.Plane.Deployment == nil {
		return objects, nil
	}
	for _, component := range f.Tenant.Components() {
		if !component.Discovery || component.Kubeconfig == nil {
			continue
		}
		if err := f.add(*component.Kubeconfig, objects); err != nil {
			return nil, fmt.Errorf("%s: %w", object.IDOf(f.Tenant.Plane.Deployment), err)
		}
	}
	return objects, nil
}

func (f Filter) add(k istio.Kubeconfig, objects []*yaml.RNode) error {
	spec, path := object.PodSpec(f.Tenant.Plane.Deployment)
	for _, name := range k.Arguments {
		if found := program.Arguments(f.Tenant.Plane.Container, istio.Argument{Name: name}); len(found) > 0 {
			return fmt.Errorf("argument %s: found %q, which goes before the API proxy's kubeconfig, so that the control plane would ask past the proxy: remove it",
				name, found[0])
		}
	}
	if err := f.setVariable(k); err != nil {
		return err
	}
	volume, err := f.mount(k)
	if err != nil {
		return fmt.Errorf("%s.%w", path, err)
	}
	for _, v := range []wanted{
		{map[string]any{"name": volume, "emptyDir": map[string]any{"medium": "Memory"}}, k.Secret},
		{rootCertificate(), ""},
	} {
		if err := setVolume(spec, v); err != nil {
			return fmt.Errorf("%s.%w", path, err)
		}
	}
	made, err := object.Node(f.container(k, volume, objects))
	if err != nil {
		return err
	}
	if err := f.setContainer(spec, made, volume); err != nil {
		return fmt.Errorf("%s.%w", path, err)
	}
	return nil
}

// setVariable names the proxy's kubeconfig. What a base has there is one of
// another API server.
func (f Filter) setVariable(k istio.Kubeconfig) error {
	container := f.Tenant.Plane.Container
	existing, err := program.Variable(container, k.Variable)
	if err != nil {
		return err
	}
	if existing != nil && (object.String(existing, "value") != k.Path() || existing.Field("valueFrom") != nil) {
		found := fmt.Sprintf("%q", object.String(existing, "value"))
		if existing.Field("valueFrom") != nil {
			found = "valueFrom"
		}
		f.Tenant.Warn("%s: env %s: found %s; %q is used, which the API proxy writes, so that the control plane reads the tenant's namespaces only",
			object.IDOf(f.Tenant.Plane.Deployment), k.Variable, found, k.Path())
		return program.SetVariable(container, k.Variable, k.Path())
	}
	if existing == nil {
		return program.SetVariable(container, k.Variable, k.Path())
	}
	return nil
}

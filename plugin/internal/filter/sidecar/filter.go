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

// Filter adds the API proxy to the Pods of Tenant's control plane whose programs read
// through it.
type Filter struct {
	Tenant tenancy.Tenant
}

var _ kio.Filter = Filter{}

// Filter changes the Pods of the control plane, if the plan says so. It is an error
// if something in a base would make a program bypass the proxy.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	if !f.Tenant.Proxied || f.Tenant.Plane.Deployment == nil {
		return objects, nil
	}
	if err := checkCertificates(objects); err != nil {
		return nil, err
	}
	for _, component := range f.Tenant.Components() {
		if component.Kubeconfig == nil {
			continue
		}
		for _, p := range f.programs(component, objects) {
			if err := f.add(p, objects); err != nil {
				return nil, fmt.Errorf("%s: %w", object.IDOf(p.workload), err)
			}
		}
	}
	return objects, nil
}

// reader is a container that reads through the proxy.
type reader struct {
	Kubeconfig          istio.Kubeconfig
	workload, container *yaml.RNode
}

// programs are the containers that run a component: of the control plane proper,
// the one that it is told by.
func (f Filter) programs(c istio.Component, objects []*yaml.RNode) []reader {
	if c.Discovery {
		return []reader{{*c.Kubeconfig, f.Tenant.Plane.Deployment, f.Tenant.Plane.Container}}
	}
	var found []reader
	for _, o := range objects {
		if o.GetNamespace() != f.Tenant.Own() {
			continue
		}
		for _, container := range object.Containers(o) {
			if c.Runs(object.String(container, "name"), object.String(container, "image")) {
				found = append(found, reader{*c.Kubeconfig, o, container})
			}
		}
	}
	return found
}

func (f Filter) add(p reader, objects []*yaml.RNode) error {
	spec, path := object.PodSpec(p.workload)
	k := p.Kubeconfig
	if err := p.checkWords(); err != nil {
		return err
	}
	if err := f.checkAround(p, spec, path, objects); err != nil {
		return err
	}
	if err := f.tell(p); err != nil {
		return err
	}
	if err := f.unlink(p, spec, path); err != nil {
		return err
	}
	if err := p.mount(); err != nil {
		return fmt.Errorf("%s.%w", path, err)
	}
	volume := k.Volume
	for _, v := range []wanted{
		{map[string]any{"name": volume, "emptyDir": map[string]any{"medium": "Memory"}}, k.Secret},
		{rootCertificate(), ""},
	} {
		if err := setVolume(spec, v); err != nil {
			return fmt.Errorf("%s.%w", path, err)
		}
	}
	made, err := object.Node(f.containerOf(k, volume, objects))
	if err != nil {
		return err
	}
	if err := f.setContainer(p, spec, made, volume); err != nil {
		return fmt.Errorf("%s.%w", path, err)
	}
	return nil
}

// tell names the proxy's kubeconfig to a program. What a base has there is one of
// another API server.
func (f Filter) tell(p reader) error {
	k := p.Kubeconfig
	if k.Argument != "" {
		a := istio.Argument{Name: k.Argument, Value: k.Path()}
		for _, found := range program.Arguments(p.container, a) {
			if found != k.Path() {
				f.warnOfOther(p, "argument "+k.Argument, fmt.Sprintf("%q", found))
			}
		}
		return program.SetArgument(p.container, a, istio.Values{})
	}
	existing, err := program.Variable(p.container, k.Variable)
	if err != nil {
		return err
	}
	if existing != nil {
		switch value := object.String(existing, "value"); {
		case existing.Field("valueFrom") != nil:
			f.warnOfOther(p, "env "+k.Variable, "valueFrom")
		case value != k.Path():
			f.warnOfOther(p, "env "+k.Variable, fmt.Sprintf("%q", value))
		default:
			return nil
		}
	}
	return program.SetVariable(p.container, k.Variable, k.Path())
}

func (f Filter) warnOfOther(p reader, where, found string) {
	f.Tenant.Warn("%s: %s: found %s; %q is used, which the API proxy writes, so that the control plane reads the tenant's namespaces only",
		object.IDOf(p.workload), where, found, p.Kubeconfig.Path())
}

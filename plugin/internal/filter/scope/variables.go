package scope

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// variables sets the environment of the control plane, and of proxies that a
// base deploys, such as gateways.
func (f Filter) variables(objects []*yaml.RNode) error {
	for _, component := range f.Tenant.Components() {
		switch {
		case component.Discovery:
			if err := f.setVariables(f.Tenant.Plane.Container, component.Variables); err != nil {
				return fmt.Errorf("%s: %w", object.IDOf(f.Tenant.Plane.Deployment), err)
			}
		case component.Proxy:
			for _, o := range objects {
				for _, c := range object.Containers(o) {
					if !component.Runs(object.String(c, "name"), object.String(c, "image")) {
						continue // an application may have such variables for itself
					}
					if err := f.setVariables(c, component.Variables); err != nil {
						return fmt.Errorf("%s: %w", object.IDOf(o), err)
					}
				}
			}
		}
	}
	return nil
}

func (f Filter) setVariables(container *yaml.RNode, variables []istio.Variable) error {
	for _, v := range variables {
		if !f.Tenant.Needs(v.Range, v.Modes) {
			continue
		}
		existing, err := container.Pipe(yaml.Lookup("env", "[name="+v.Name+"]"))
		if err != nil {
			return err
		}
		if v.OnlyIfSet && existing == nil {
			continue
		}
		if v.KeepsTenants && existing != nil && slices.Contains(f.Tenant.Namespaces(), object.String(existing, "value")) {
			continue
		}
		values := f.Tenant.Values()
		values.Ingress = f.ingress
		text := values.Expand(v.Value)
		if v.List && existing != nil {
			text = union(object.String(existing, "value"), text)
		}
		value := yaml.NewStringRNode(text)
		value.YNode().Style = yaml.DoubleQuotedStyle
		if err := container.PipeE(
			yaml.LookupCreate(yaml.MappingNode, "env", "[name="+v.Name+"]"),
			yaml.Tee(yaml.Clear("valueFrom")),
			yaml.SetField("value", value)); err != nil {
			return fmt.Errorf("env %s: %w", v.Name, err)
		}
	}
	return nil
}

// union joins comma lists, without repetitions.
func union(lists ...string) string {
	var all []string
	for _, list := range lists {
		for _, one := range strings.Split(list, ",") {
			if one != "" && !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return strings.Join(all, ",")
}

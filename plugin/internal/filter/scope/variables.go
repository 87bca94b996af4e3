package scope

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// variables sets the environment of the control plane, and of proxies that a
// base deploys, such as gateways. It names what addons let people do.
func (f Filter) variables(objects []*yaml.RNode) error {
	if err := f.checkRepeated(objects); err != nil {
		return err
	}
	for _, component := range f.Tenant.Components() {
		switch {
		case component.Discovery:
			if err := f.setVariables(object.IDOf(f.Tenant.Plane.Deployment), f.Tenant.Plane.Container, component.Variables); err != nil {
				return fmt.Errorf("%s: %w", object.IDOf(f.Tenant.Plane.Deployment), err)
			}
		case component.Proxy, len(component.Opens) > 0:
			for _, o := range objects {
				for _, c := range object.Containers(o) {
					if !component.Runs(object.String(c, "name"), object.String(c, "image")) {
						continue // an application may have such variables for itself
					}
					f.warnOfOpen(object.IDOf(o), c, component.Opens)
					if err := f.setVariables(object.IDOf(o), c, component.Variables); err != nil {
						return fmt.Errorf("%s: %w", object.IDOf(o), err)
					}
				}
			}
		}
	}
	return nil
}

// warnOfOpen names variables by which an addon lets in whoever connects. They may be
// meant, and are left as they are.
func (f Filter) warnOfOpen(workload object.ID, container *yaml.RNode, openings []istio.Opening) {
	for _, e := range object.List(container, "env") {
		for _, o := range openings {
			if value := object.String(e, "value"); object.String(e, "name") == o.Name && value != "" && !slices.Contains(o.Usual, value) {
				f.Tenant.Warn("%s: env %s: found %q: %s", workload, o.Name, value, o.Why)
			}
		}
	}
}

func (f Filter) setVariables(workload object.ID, container *yaml.RNode, variables []istio.Variable) error {
	for _, v := range variables {
		existing, err := program.Variable(container, v.Name)
		if err != nil {
			return err
		}
		if v.Shared && !f.Tenant.Hosts() {
			continue
		}
		if !f.Tenant.Needs(v.Range, v.Modes) {
			if v.Elsewhere != "" && existing != nil && f.Tenant.Holds(v.Range) {
				return fmt.Errorf("env %s: found %q, with which %s, and the tenant's are %s (spec.discovery is %q here): remove it",
					v.Name, object.String(existing, "value"), v.Elsewhere, strings.Join(f.Tenant.Watch, ", "), f.Tenant.Plan.Mode.Name)
			}
			continue
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
		if existing != nil && !v.OnlyIfSet && !v.List {
			f.warnOfVariable(workload, existing, text)
		}
		if err := program.SetVariable(container, v.Name, text); err != nil {
			return err
		}
	}
	return nil
}

// warnOfVariable names a variable of a base's own whose value does not hold.
func (f Filter) warnOfVariable(workload object.ID, existing *yaml.RNode, text string) {
	found := fmt.Sprintf("%q", object.String(existing, "value"))
	if from, err := existing.Pipe(yaml.Lookup("valueFrom")); err != nil || from != nil {
		found = "valueFrom"
	} else if object.String(existing, "value") == text {
		return
	}
	f.Tenant.Warn("%s: env %s: found %s; %q is used, which limits the control plane to the tenant", workload, object.String(existing, "name"), found, text)
}

// checkRepeated refuses two variables of a name in one container of the control
// plane's namespace: only one of them is limited, and server-side apply takes
// neither.
func (f Filter) checkRepeated(objects []*yaml.RNode) error {
	var errs []error
	for _, o := range objects {
		if o.GetNamespace() != f.Tenant.Own() {
			continue
		}
		for _, c := range slices.Concat(object.List(o, "spec", "template", "spec", "initContainers"), object.Containers(o)) {
			times := map[string]int{}
			for _, e := range object.List(c, "env") {
				name := object.String(e, "name")
				if times[name]++; times[name] == 2 {
					errs = append(errs, fmt.Errorf("%s: container %s: env %s: is there more than once; a container has one variable of a name: "+
						"remove the others", object.IDOf(o), object.String(c, "name"), name))
				}
			}
		}
	}
	return errors.Join(errs...)
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

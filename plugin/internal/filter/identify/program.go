package identify

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

func (f Filter) arguments(id object.ID) error {
	values := f.Tenant.Values()
	for _, a := range f.identity.Arguments {
		existing := program.Arguments(f.Tenant.Plane.Container, a)
		if !f.Tenant.Holds(a.Range) || a.OnlyIfSet && len(existing) == 0 {
			continue
		}
		for _, found := range existing {
			if want := values.Expand(a.Value); found != want && !slices.Contains(f.usualAddresses(), found) {
				f.Tenant.Warn("%s: argument %s: found %q; %q is used: %s", id, a.Name, found, want, a.Why)
			}
		}
		if err := program.SetArgument(f.Tenant.Plane.Container, a, values); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return nil
}

// usualAddresses are those that say what the program does without an argument.
func (f Filter) usualAddresses() []string {
	port := fmt.Sprintf(":%d", f.identity.Plaintext)
	return []string{port, "0.0.0.0" + port}
}

func (f Filter) variables(id object.ID) error {
	container := f.Tenant.Plane.Container
	// What a ConfigMap or a Secret sets is not seen here, and env goes before it.
	hidden := len(object.List(container, "envFrom")) > 0
	for _, v := range f.identity.Variables {
		if !v.OnlyIfSet && !f.Tenant.Holds(v.Range) {
			continue
		}
		existing, err := program.Variable(container, v.Name)
		if err != nil {
			return err
		}
		if existing == nil && v.OnlyIfSet && !hidden {
			continue
		}
		text := f.Tenant.Values().Expand(v.Value)
		if existing != nil {
			f.warnOfVariable(id, existing, text, v)
		}
		if err := program.SetVariable(container, v.Name, text); err != nil {
			return err
		}
	}
	return nil
}

// warnOfVariable names a variable of a base's own whose value does not hold.
func (f Filter) warnOfVariable(id object.ID, existing *yaml.RNode, text string, v istio.Variable) {
	found := fmt.Sprintf("%q", object.String(existing, "value"))
	if existing.Field("valueFrom") != nil {
		found = "valueFrom"
	} else if object.String(existing, "value") == text {
		return
	}
	f.Tenant.Warn("%s: env %s: found %s; %q is used: %s", id, v.Name, found, text, v.Why)
}

// refused says where tokens would have no audience.
func (f Filter) refused(objects []*yaml.RNode) error {
	for _, r := range f.identity.Refused {
		if !f.Tenant.Holds(r.Range) {
			continue
		}
		if f.Tenant.Plane.Deployment != nil {
			existing, err := program.Variable(f.Tenant.Plane.Container, r.Variable)
			if err != nil {
				return err
			}
			if existing != nil && object.String(existing, "value") == r.Value {
				return fmt.Errorf("%s: env %s: found %q: %s; must be %q: render the base with %s=%[5]s",
					object.IDOf(f.Tenant.Plane.Deployment), r.Variable, r.Value, r.Why, r.Instead, dotted(r.Path))
			}
		}
		for _, text := range f.valuesTexts(objects) {
			found, err := jsontext.String(text.value(), r.Path...)
			if err != nil {
				return text.failed(err)
			}
			if found == r.Value {
				return text.failed(fmt.Errorf("%s: found %q: %s; must be %q: render the base with %[1]s=%[4]s", dotted(r.Path), found, r.Why, r.Instead))
			}
		}
	}
	return nil
}

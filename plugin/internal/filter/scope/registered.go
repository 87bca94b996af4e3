package scope

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// registered limits what validated before there were revisions to the tenant's
// namespaces: webhooks among the objects, and those that a program registers
// itself. Their configuration is put among the objects, so that the program has
// to write one that it is named, and may create none.
func (f Filter) registered(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	own := f.Tenant.Own()
	for _, o := range object.Of("ValidatingWebhookConfiguration", objects) {
		for _, w := range object.List(o, "webhooks") {
			if err := limit(w, f.Tenant.Select(f.Tenant.Namespaces())); err != nil {
				return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	for _, o := range object.Of("ConfigMap", slices.Clone(objects)) {
		text := object.String(o, "data", istio.RegisteredKey)
		if text == "" || o.GetNamespace() != own {
			continue
		}
		var registered map[string]any
		edited, err := editYAML(text, func(webhooks *yaml.RNode) error {
			if err := webhooks.SetName(f.Tenant.Values().Expand(istio.RegisteredName)); err != nil {
				return err
			}
			for _, w := range object.List(webhooks, "webhooks") {
				if err := limit(w, f.Tenant.Select(f.Tenant.Namespaces())); err != nil {
					return err
				}
			}
			return webhooks.YNode().Decode(&registered)
		})
		if err == nil {
			err = o.PipeE(yaml.Lookup("data", istio.RegisteredKey), yaml.Set(yaml.NewStringRNode(edited)))
		}
		if err == nil {
			objects, err = object.Put(objects, f.Tenant.Name(), registered)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: data[%s]: %w", object.IDOf(o), istio.RegisteredKey, err)
		}
	}
	return objects, nil
}

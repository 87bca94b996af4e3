package scope

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// galley limits what validated before istiod had revisions to the tenant's
// namespaces: webhooks among the objects, and those that Galley registers. Their
// configuration is put among the objects, so that Galley has to write one that
// it is named, and may create none.
func (f Filter) galley(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	own := f.Tenant.Spec.ControlPlane.Namespace
	for _, o := range object.Of("ValidatingWebhookConfiguration", objects) {
		for _, w := range object.List(o, "webhooks") {
			if err := limit(w, f.Tenant.Namespaces()); err != nil {
				return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	for _, o := range object.Of("ConfigMap", slices.Clone(objects)) {
		text := object.String(o, "data", istio.GalleyKey)
		if text == "" || o.GetNamespace() != own {
			continue
		}
		var registered map[string]any
		edited, err := editYAML(text, func(webhooks *yaml.RNode) error {
			if err := webhooks.SetName(f.Tenant.Values().Expand(istio.GalleyWebhook)); err != nil {
				return err
			}
			for _, w := range object.List(webhooks, "webhooks") {
				if err := limit(w, f.Tenant.Namespaces()); err != nil {
					return err
				}
			}
			return webhooks.YNode().Decode(&registered)
		})
		if err == nil {
			err = o.PipeE(yaml.Lookup("data", istio.GalleyKey), yaml.Set(yaml.NewStringRNode(edited)))
		}
		if err == nil {
			objects, err = object.Put(objects, f.Tenant.IstioTenant.Name(), registered)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: data[%s]: %w", object.IDOf(o), istio.GalleyKey, err)
		}
	}
	return objects, nil
}

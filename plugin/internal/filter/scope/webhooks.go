package scope

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// webhooks limits injection to the application namespaces, and validation to
// all of the tenant's: istiod tests its webhook with a Gateway in its own.
func (f Filter) webhooks(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	service := ""
	for _, o := range object.Of("MutatingWebhookConfiguration", objects) {
		for _, w := range object.List(o, "webhooks") {
			service = object.String(w, "clientConfig", "service", "name")
			if err := limit(w, f.Tenant.Spec.ApplicationNamespaces); err != nil {
				return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	if !f.Tenant.Revisions() {
		return f.galley(objects)
	}
	objects, err := f.ownValidator(objects)
	if err != nil {
		return nil, err
	}
	for _, o := range object.Of("ValidatingWebhookConfiguration", objects) {
		for _, w := range object.List(o, "webhooks") {
			if err := f.validate(w, service); err != nil {
				return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	return objects, nil
}

// validate makes w check every Istio object in the tenant's namespaces, from
// the start: istiod writes failurePolicy Fail as soon as it can answer, and a
// GitOps tool that has another value would fight it for the field.
func (f Filter) validate(w *yaml.RNode, service string) error {
	if err := limit(w, f.Tenant.Namespaces()); err != nil {
		return err
	}
	if err := w.PipeE(yaml.Clear("objectSelector")); err != nil {
		return err
	}
	if err := object.Set(w, "Fail", "failurePolicy"); err != nil {
		return err
	}
	if service == "" || object.String(w, "clientConfig", "service", "name") == "" {
		return nil
	}
	return object.Set(w, service, "clientConfig", "service", "name")
}

// toBeFilledIn are caBundles that stand for none yet: istiod fills in the
// first, and the second is that of a script of Istio 0.x, which no API server takes.
var toBeFilledIn = []string{"", "${CA_BUNDLE}"}

// limit adds "only in these namespaces" to a webhook's namespaceSelector, and
// takes away a caBundle that is to be filled in.
func limit(webhook *yaml.RNode, namespaces []string) error {
	if slices.Contains(toBeFilledIn, object.String(webhook, "clientConfig", "caBundle")) {
		if err := webhook.PipeE(yaml.Lookup("clientConfig"), yaml.Clear("caBundle")); err != nil {
			return err
		}
	}
	var expressions []any
	for _, e := range object.List(webhook, "namespaceSelector", "matchExpressions") {
		if !object.SelectsByName(e) {
			expressions = append(expressions, e.YNode())
		}
	}
	return object.Set(webhook, append(expressions, object.InNamespaces(namespaces)), "namespaceSelector", "matchExpressions")
}

// ownValidator leaves the one validating webhook that carries the tenant's
// revision. The cluster-wide default of Istio's base chart goes: it checks every
// tenant's objects with one tenant's istiod. Up to 1.21 there is no other, so
// there it becomes the tenant's own.
func (f Filter) ownValidator(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	isOwn := func(o *yaml.RNode) bool { return strings.HasPrefix(o.GetName(), istio.ValidatorPrefix) }
	all := object.Of("ValidatingWebhookConfiguration", objects)
	if len(all) > 0 && !slices.ContainsFunc(all, isOwn) {
		plane := f.Tenant.Spec.ControlPlane
		if err := all[0].SetName(strings.Join([]string{istio.ValidatorPrefix, plane.Revision, plane.Namespace}, "-")); err != nil {
			return nil, err
		}
		if err := object.Label(all[0], istio.RevisionLabel, plane.Revision); err != nil {
			return nil, err
		}
	}
	return object.Remove(objects, func(o *yaml.RNode) bool {
		return o.GetKind() == "ValidatingWebhookConfiguration" && !isOwn(o)
	}), nil
}

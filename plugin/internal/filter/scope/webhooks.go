package scope

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// webhooks limits injection to the application namespaces, and validation to
// all of the tenant's: istiod tests its webhook with a Gateway in its own.
func (f Filter) webhooks(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	for _, o := range object.Of("MutatingWebhookConfiguration", objects) {
		for _, w := range object.List(o, "webhooks") {
			if err := limit(w, f.Tenant.Select(f.Tenant.Spec.ApplicationNamespaces)); err != nil {
				return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	for _, o := range object.Of("ValidatingAdmissionPolicy", objects) {
		if err := f.policy(o); err != nil {
			return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
	}
	if !f.Tenant.Revisions() {
		return f.registered(objects)
	}
	plane := f.Tenant.Services(objects)
	f.warnOfStrangers(objects, plane)
	objects, err := f.ownValidator(objects, plane)
	if err != nil {
		return nil, err
	}
	for _, o := range object.Of("ValidatingWebhookConfiguration", objects) {
		for _, w := range object.List(o, "webhooks") {
			if err := f.validate(o, w, plane); err != nil {
				return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	return objects, nil
}

// policy makes an admission policy check objects in the tenant's namespaces
// only: whoever labels an object of its own with the revision is not asked.
func (f Filter) policy(o *yaml.RNode) error {
	constraints, err := o.Pipe(yaml.Lookup("spec", "matchConstraints"))
	if err != nil || constraints == nil {
		return err
	}
	return limit(constraints, f.Tenant.Select(f.Tenant.Namespaces()))
}

// validate makes w check objects in the tenant's namespaces only. The control
// plane's checks every Istio object there, from the start: istiod writes
// failurePolicy Fail as soon as it can answer, and a GitOps tool that has
// another value would fight it for the field.
func (f Filter) validate(o, w *yaml.RNode, plane tenancy.Services) error {
	if err := limit(w, f.Tenant.Select(f.Tenant.Namespaces())); err != nil {
		return err
	}
	if !plane.Calls(o, w) {
		return nil
	}
	if err := f.validated(w); err != nil {
		return err
	}
	if err := object.Set(w, "Fail", "failurePolicy"); err != nil {
		return err
	}
	if err := f.conditions(w); err != nil {
		return err
	}
	name := object.String(w, "clientConfig", "service", "name")
	if len(plane.Own) == 0 || slices.Contains(plane.Own, name) {
		return nil
	}
	return object.Set(w, plane.Own[0], "clientConfig", "service", "name")
}

// validated says which objects a control plane checks: all of the tenant's; one that is
// beside another, those that are for its revision alone, so that one which does not start
// stops nobody.
func (f Filter) validated(webhook *yaml.RNode) error {
	if !f.Tenant.Beside.Second {
		return webhook.PipeE(yaml.Clear("objectSelector"))
	}
	return object.Set(webhook, map[string]any{"matchExpressions": []any{
		map[string]any{"key": istio.RevisionLabel, "operator": "In", "values": []string{f.Tenant.Revision()}},
	}}, "objectSelector")
}

// conditions lets pass what needs no validation, beside the conditions that the
// webhook has.
func (f Filter) conditions(webhook *yaml.RNode) error {
	if !f.Tenant.Holds(istio.Conditions) {
		return nil
	}
	var all []any
	for _, has := range object.List(webhook, "matchConditions") {
		name := object.String(has, "name")
		if !slices.ContainsFunc(istio.ValidatorConditions, func(c istio.Condition) bool { return c.Name == name }) {
			all = append(all, has.YNode())
		}
	}
	for _, c := range istio.ValidatorConditions {
		all = append(all, map[string]any{"name": c.Name, "expression": c.Expression})
	}
	return object.Set(webhook, all, "matchConditions")
}

// warnOfStrangers names the webhooks that call neither the control plane nor
// anything else among the objects: the API server would find nobody to ask.
func (f Filter) warnOfStrangers(objects []*yaml.RNode, plane tenancy.Services) {
	for _, o := range objects {
		if kind := o.GetKind(); kind != "MutatingWebhookConfiguration" && kind != "ValidatingWebhookConfiguration" {
			continue
		}
		for i, w := range object.List(o, "webhooks") {
			if plane.Lacks(w) && !plane.Calls(o, w) {
				f.Tenant.Warn("%s: webhooks[%d].clientConfig.service.name: found %q, which is no Service among the objects in %s: "+
					"the webhook is not taken for the control plane's; only limits are added to it",
					object.IDOf(o), i, object.String(w, "clientConfig", "service", "name"), f.Tenant.Own())
			}
		}
	}
}

// toBeFilledIn are caBundles that stand for none yet: istiod fills in the
// first, and the second is that of a script of Istio 0.x, which no API server takes.
var toBeFilledIn = []string{"", "${CA_BUNDLE}"}

// limit adds "only in these namespaces" to a webhook's namespaceSelector, whose
// other expressions hold beside it, and takes away a caBundle that is to be
// filled in. A selector does not hold back objects that have no namespace: a
// rule's scope does.
func limit(webhook *yaml.RNode, namespaces map[string]any) error {
	if slices.Contains(toBeFilledIn, object.String(webhook, "clientConfig", "caBundle")) {
		if err := webhook.PipeE(yaml.Lookup("clientConfig"), yaml.Clear("caBundle")); err != nil {
			return err
		}
	}
	for _, r := range object.List(webhook, "rules") {
		if reachesCluster(r) {
			if err := object.Set(r, "Namespaced", "scope"); err != nil {
				return err
			}
		}
	}
	var expressions []any
	for _, e := range object.List(webhook, "namespaceSelector", "matchExpressions") {
		if !object.IsIn(e, namespaces) {
			expressions = append(expressions, e.YNode())
		}
	}
	return object.Set(webhook, append(expressions, namespaces), "namespaceSelector", "matchExpressions")
}

// reachesCluster says whether a rule of a webhook may match objects without a
// namespace. Pods have one, and so have all kinds of Istio's groups of today.
func reachesCluster(rule *yaml.RNode) bool {
	switch object.String(rule, "scope") {
	case "Namespaced":
		return false
	case "*": // written out, it is meant
		return true
	}
	for _, group := range object.Strings(rule, "apiGroups") {
		_, ofToday := istio.Resources[group]
		for _, resource := range object.Strings(rule, "resources") {
			if !ofToday && resource != "pods" || object.IsClusterResource(group, resource) {
				return true
			}
		}
	}
	return false
}

// ownValidator leaves the validating webhook that carries the tenant's
// revision. The cluster-wide default of Istio's base chart goes: it checks every
// tenant's objects with one tenant's plane. Up to 1.21 there is no other, so
// there it becomes the tenant's own. What does not call the control plane is
// neither, whatever its name.
func (f Filter) ownValidator(objects []*yaml.RNode, plane tenancy.Services) ([]*yaml.RNode, error) {
	var own, defaults []*yaml.RNode
	for _, o := range object.Of("ValidatingWebhookConfiguration", objects) {
		webhooks := object.List(o, "webhooks")
		foreign := func(w *yaml.RNode) bool { return !plane.Calls(o, w) }
		switch {
		case len(webhooks) == 0 || slices.ContainsFunc(webhooks, foreign):
		case strings.HasPrefix(o.GetName(), istio.ValidatorPrefix):
			own = append(own, o)
		case slices.ContainsFunc(istio.DefaultValidators, func(name string) bool { return o.GetName() == f.Tenant.Values().Expand(name) }):
			defaults = append(defaults, o)
		}
	}
	if len(own) == 0 && len(defaults) > 0 {
		o := defaults[0]
		if err := o.SetName(strings.Join([]string{istio.ValidatorPrefix, f.Tenant.Revision(), f.Tenant.Own()}, "-")); err != nil {
			return nil, err
		}
		if err := object.Label(o, istio.RevisionLabel, f.Tenant.Revision()); err != nil {
			return nil, err
		}
		defaults = defaults[1:]
	}
	return object.Remove(objects, func(o *yaml.RNode) bool { return slices.Contains(defaults, o) }), nil
}

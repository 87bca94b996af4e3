package tenancy

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Webhooks are the names of configurations among objects that call the control
// plane, by resource: those that istiod finds, and of these the ones that it
// writes its certificate into. One whose caBundle the base brings needs no right
// to write. Up to 1.5 each of several programs serves a webhook of its own, and
// writes that.
func (t Tenant) Webhooks(objects []*yaml.RNode) (found, written map[string][]string) {
	found, written = map[string][]string{}, map[string][]string{}
	plane := t.Services(objects)
	for resource, kind := range map[string]string{
		"mutatingwebhookconfigurations":   "MutatingWebhookConfiguration",
		"validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
	} {
		for _, o := range object.Of(kind, objects) {
			own := slices.DeleteFunc(object.List(o, "webhooks"), func(w *yaml.RNode) bool { return t.Revisions() && !plane.Calls(o, w) })
			if len(own) == 0 {
				continue
			}
			found[resource] = append(found[resource], o.GetName())
			if slices.ContainsFunc(own, func(w *yaml.RNode) bool { return object.String(w, "clientConfig", "caBundle") == "" }) {
				written[resource] = append(written[resource], o.GetName())
			}
		}
	}
	return found, written
}

// Services are those of the control plane's namespace, by which webhooks call.
type Services struct {
	// Own select the control plane's Pods; others do not.
	Own, others []string

	namespace string
}

// Services tells the control plane's Services among objects by the Pods that
// they select.
func (t Tenant) Services(objects []*yaml.RNode) Services {
	s := Services{namespace: t.Own()}
	if t.Plane.Deployment == nil {
		return s
	}
	pods := object.StringMap(t.Plane.Deployment, "spec", "template", "metadata", "labels")
	for _, o := range object.Of("Service", objects) {
		if o.GetNamespace() != s.namespace {
			continue
		}
		selector := object.StringMap(o, "spec", "selector")
		selects := len(selector) > 0
		for key, value := range selector {
			selects = selects && pods[key] == value
		}
		if selects {
			s.Own = append(s.Own, o.GetName())
		} else {
			s.others = append(s.others, o.GetName())
		}
	}
	return s
}

// Calls says whether a webhook of a configuration calls the control plane. One
// of Istio's own names may call a Service that is not there: the charts' default
// validator calls that of a control plane without a revision.
func (s Services) Calls(configuration, webhook *yaml.RNode) bool {
	name := object.String(webhook, "clientConfig", "service", "name")
	switch {
	case object.String(webhook, "clientConfig", "service", "namespace") != s.namespace:
		return false
	case slices.Contains(s.Own, name):
		return true
	}
	return s.Lacks(webhook) && name == istio.IstiodService &&
		slices.ContainsFunc(istio.WebhookPrefixes, func(prefix string) bool { return strings.HasPrefix(configuration.GetName(), prefix) })
}

// Lacks says whether a webhook calls a Service of the control plane's namespace
// that is not among the objects.
func (s Services) Lacks(webhook *yaml.RNode) bool {
	name := object.String(webhook, "clientConfig", "service", "name")
	return object.String(webhook, "clientConfig", "service", "namespace") == s.namespace &&
		!slices.Contains(s.Own, name) && !slices.Contains(s.others, name)
}

package isolate

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// injectsAll says whether the control plane among objects gives a proxy to each
// Pod of a namespace with these labels that says nothing of it: the API server
// has it asked, and it leaves none out.
func (f Filter) injectsAll(objects []*yaml.RNode, labels map[string]string) bool {
	plane := f.Tenant.Services(objects)
	asked := slices.ContainsFunc(object.Of("MutatingWebhookConfiguration", objects), func(o *yaml.RNode) bool {
		return slices.ContainsFunc(object.List(o, "webhooks"), func(w *yaml.RNode) bool {
			return plane.Calls(o, w) && takesPods(w) && len(object.List(w, "matchConditions")) == 0 &&
				selects(w, "namespaceSelector", labels) && selects(w, "objectSelector", nil)
		})
	})
	return asked && !slices.ContainsFunc(object.Of("ConfigMap", objects), func(o *yaml.RNode) bool {
		return strings.HasPrefix(o.GetName(), istio.InjectorPrefix) && o.GetNamespace() == f.Tenant.Own() && leavesOut(o)
	})
}

func takesPods(webhook *yaml.RNode) bool {
	return slices.ContainsFunc(object.List(webhook, "rules"), func(rule *yaml.RNode) bool {
		resources, operations := object.Strings(rule, "resources"), object.Strings(rule, "operations")
		return slices.ContainsFunc(resources, func(r string) bool { return r == "pods" || r == "*" || r == "*/*" }) &&
			slices.ContainsFunc(operations, func(o string) bool { return o == "CREATE" || o == "*" })
	})
}

// leavesOut says whether an injector's configuration injects on request only, or
// leaves Pods out by their labels. What it does not say, or says wrongly, is as
// istiod has it by default, or is an error of istiod's.
func leavesOut(injector *yaml.RNode) bool {
	config, err := strictyaml.Parse(object.StringMap(injector, "data")[istio.InjectorConfig])
	if err != nil {
		return false
	}
	never := slices.ContainsFunc(object.List(config, istio.NeverInject), func(s *yaml.RNode) bool {
		return len(object.StringMap(s, "matchLabels")) > 0 || len(object.List(s, "matchExpressions")) > 0
	})
	policy := object.String(config, istio.InjectorPolicy)
	return never || policy != "" && policy != istio.InjectorPolicyEnabled
}

// selects says whether a webhook's selector takes what has these labels.
func selects(webhook *yaml.RNode, selector string, labels map[string]string) bool {
	for key, value := range object.StringMap(webhook, selector, "matchLabels") {
		if has, found := labels[key]; !found || has != value {
			return false
		}
	}
	return !slices.ContainsFunc(object.List(webhook, selector, "matchExpressions"), func(e *yaml.RNode) bool {
		value, found := labels[object.String(e, "key")]
		in := found && slices.Contains(object.Strings(e, "values"), value)
		switch object.String(e, "operator") {
		case "In":
			return !in
		case "NotIn":
			return in
		case "Exists":
			return !found
		default: // DoesNotExist
			return found
		}
	})
}

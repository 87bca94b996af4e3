package gateway

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// companions are what belongs to the gateways by template in a namespace: the
// chart "gateway" labels none of it as a gateway's.
func companions(objects []*yaml.RNode, namespace string) map[*yaml.Node]bool {
	found := map[*yaml.Node]bool{}
	var beside []*yaml.RNode
	for _, o := range objects {
		if o.GetNamespace() == namespace {
			beside = append(beside, o)
		}
	}
	for _, w := range beside {
		if !asksForTemplate(w) {
			continue
		}
		account, roles := accountOf(w, beside), map[string]bool{}
		for _, o := range beside {
			if o.GetKind() == "RoleBinding" && bindsOnly(o, account) {
				found[o.YNode()], roles[object.String(o, "roleRef", "name")] = true, true
			}
		}
		for _, o := range beside {
			if o.GetKind() == "Role" && roles[o.GetName()] || o.GetKind() == "ServiceAccount" && o.GetName() == account || serves(o, w) {
				found[o.YNode()] = true
			}
		}
	}
	return found
}

// selectorOf is where a kind says which Pods it is about.
var selectorOf = map[string][]string{
	"NetworkPolicy":       {"spec", "podSelector", "matchLabels"},
	"PodDisruptionBudget": {"spec", "selector", "matchLabels"},
	"Service":             {"spec", "selector"},
}

// serves says whether o selects a workload's Pods, or scales it.
func serves(o, workload *yaml.RNode) bool {
	if o.GetKind() == "HorizontalPodAutoscaler" {
		return object.String(o, "spec", "scaleTargetRef", "kind") == workload.GetKind() &&
			object.String(o, "spec", "scaleTargetRef", "name") == workload.GetName()
	}
	path, ok := selectorOf[o.GetKind()]
	return ok && selects(object.StringMap(o, path...), PodLabels(workload))
}

// accountOf is the ServiceAccount of a gateway; "" if others run as it, too.
func accountOf(workload *yaml.RNode, beside []*yaml.RNode) string {
	account := object.String(workload, "spec", "template", "spec", "serviceAccountName")
	for _, o := range beside {
		if object.String(o, "spec", "template", "spec", "serviceAccountName") == account && !Owns(o) {
			return ""
		}
	}
	return account
}

// bindsOnly says whether a RoleBinding is about an account and nobody else.
func bindsOnly(binding *yaml.RNode, account string) bool {
	subjects := object.List(binding, "subjects")
	for _, s := range subjects {
		if object.String(s, "kind") != "ServiceAccount" || object.String(s, "name") != account {
			return false
		}
	}
	return len(subjects) > 0
}

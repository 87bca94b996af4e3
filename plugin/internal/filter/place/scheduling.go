package place

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// controlPlaneTaints are those of the nodes that run the cluster's own, the last
// three by RKE and k3s; a toleration without a key is for every taint.
var controlPlaneTaints = []string{
	"", "node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master",
	"node-role.kubernetes.io/controlplane", "node-role.kubernetes.io/etcd", "CriticalAddonsOnly",
}

// placing is a field by which a Pod is where it should not be, and what is right.
type placing struct{ what, right string }

// pastScheduler are the fields of a Pod's spec that the policy
// istio-tenancy-scheduling refuses.
func pastScheduler(spec *yaml.RNode) []placing {
	var found []placing
	if class := object.String(spec, "priorityClassName"); strings.HasPrefix(class, "system-") {
		found = append(found, placing{"priorityClassName: found " + class + ", which displaces other tenants' Pods", "take a PriorityClass of your own"})
	}
	if priority, err := strconv.Atoi(object.String(spec, "priority")); err == nil && priority > 1000000000 {
		found = append(found, placing{"priority: found " + strconv.Itoa(priority) + ", which displaces other tenants' Pods", "take a PriorityClass of your own"})
	}
	if node := object.String(spec, "nodeName"); node != "" {
		found = append(found, placing{"nodeName: found " + node + ", which bypasses the scheduler and the taints of nodes", "use nodeSelector or affinity"})
	}
	for i, t := range object.List(spec, "tolerations") {
		if slices.Contains(controlPlaneTaints, object.String(t, "key")) {
			found = append(found, placing{object.Index("tolerations", i) + ": tolerates the nodes of the cluster's control plane", "name the keys of other taints"})
		}
	}
	return found
}

// affinityTerms are where a Pod's affinities have terms about Pods.
var affinityTerms = [][2]string{
	{"requiredDuringSchedulingIgnoredDuringExecution", ""},
	{"preferredDuringSchedulingIgnoredDuringExecution", "podAffinityTerm"},
}

// others are the terms of a Pod's affinities that are about Pods of others: by
// an anti-affinity, these get to no node where the Pod is.
func (f Filter) others(spec *yaml.RNode, namespace string) []placing {
	var found []placing
	for _, kind := range []string{"podAffinity", "podAntiAffinity"} {
		for _, terms := range affinityTerms {
			for i, term := range object.List(spec, "affinity", kind, terms[0]) {
				path := "affinity." + kind + "." + object.Index(terms[0], i)
				if terms[1] != "" {
					path += "." + terms[1]
					term, _ = term.Pipe(yaml.Lookup(terms[1]))
				}
				if term == nil {
					continue // which the API server refuses
				}
				if field := f.foreign(term, namespace); field != "" {
					found = append(found, placing{
						path + "." + field + ": selects Pods of other namespaces, and keeps them from nodes, or shows where they run",
						fmt.Sprintf("write namespaceSelector: {matchLabels: {%s: %s}}, or nothing", v1alpha1.TenantLabel, f.Tenant.Name()),
					})
				}
			}
		}
	}
	return found
}

// foreign is the field by which a term is about Pods of namespaces that may be
// others'; "" where there is none.
func (f Filter) foreign(term *yaml.RNode, namespace string) string {
	if slices.ContainsFunc(object.Strings(term, "namespaces"), func(n string) bool { return n != namespace }) {
		return "namespaces"
	}
	selector, _ := term.Pipe(yaml.Lookup("namespaceSelector"))
	if selector == nil {
		return ""
	}
	labels := object.StringMap(selector, "matchLabels")
	if labels[v1alpha1.TenantLabel] == f.Tenant.Name() || labels[object.NameLabel] == namespace {
		return ""
	}
	return "namespaceSelector"
}

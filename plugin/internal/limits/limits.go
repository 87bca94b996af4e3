// Package limits knows the labels and annotations that the Namespaces of a limited
// tenant have, for the admission policies of bases/tenancy.
package limits

import (
	"maps"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// set is the value of the labels by which the policies select.
const set = "true"

// settings are those with a label and an annotation of one key, and the fields of a
// tenant's file. A list that is nil is one that the tenant does not have.
var settings = []struct {
	key   string
	field string
	list  func(v1alpha1.TenantSpec) []string
}{
	{v1alpha1.AllowedRegistries, "spec.allowed.registries", func(s v1alpha1.TenantSpec) []string { return s.Allowed.Registries }},
	{v1alpha1.AllowedStorageClasses, "spec.allowed.storageClasses", func(s v1alpha1.TenantSpec) []string { return s.Allowed.StorageClasses }},
	{v1alpha1.AllowedPriorityClasses, "spec.allowed.priorityClasses", func(s v1alpha1.TenantSpec) []string { return s.Allowed.PriorityClasses }},
	{v1alpha1.AllowedIngressClasses, "spec.allowed.ingressClasses", func(s v1alpha1.TenantSpec) []string { return s.Allowed.IngressClasses }},
	{v1alpha1.AllowedRuntimeClasses, "spec.allowed.runtimeClasses", func(s v1alpha1.TenantSpec) []string { return s.Allowed.RuntimeClasses }},
	{v1alpha1.NodeSelector, "spec.nodeSelector", func(s v1alpha1.TenantSpec) (pairs []string) {
		for _, key := range slices.Sorted(maps.Keys(s.NodeSelector)) {
			pairs = append(pairs, key+"="+s.NodeSelector[key])
		}
		return pairs
	}},
}

// Marks are the labels and annotations of a tenant's Namespaces.
type Marks struct {
	Labels, Annotations map[string]string
	// Fields are the fields of the tenant's file that set them.
	Fields []string
}

// Of are the marks of a tenant.
func Of(t v1alpha1.IstioTenant) Marks {
	m := Marks{Labels: map[string]string{}, Annotations: map[string]string{}}
	for _, s := range settings {
		if list := s.list(t.Spec); list != nil {
			m.Labels[s.key], m.Annotations[s.key] = set, strings.Join(list, ",")
			m.Fields = append(m.Fields, s.field)
		}
	}
	if t.Spec.Suspended != nil && *t.Spec.Suspended {
		m.Labels[v1alpha1.SuspendedLabel], m.Annotations[v1alpha1.ControlPlaneAnnotation] = set, t.Spec.ControlPlane.Namespace
		m.Fields = append(m.Fields, suspended)
	}
	return m
}

const suspended = "spec.suspended"

// FieldOf is the field of a tenant's file that sets a mark; "" if it is no mark.
func FieldOf(key string) string {
	for _, s := range settings {
		if s.key == key {
			return s.field
		}
	}
	if key == v1alpha1.SuspendedLabel || key == v1alpha1.ControlPlaneAnnotation {
		return suspended
	}
	return ""
}

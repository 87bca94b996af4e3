package isolate

import (
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Filter isolates Tenant.
type Filter struct {
	Tenant v1alpha1.IstioTenant
	Plan   discovery.Plan
	// Warn is told of what the tenant asks for and its Istio cannot do. May be nil.
	Warn func(string)
}

var _ kio.Filter = Filter{}

// Filter adds the walls to objects, and merges the tenant's labels into the
// Namespaces among them.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	plane, err := controlplane.Find(objects)
	if err != nil {
		return nil, err
	}
	if objects, err = f.namespaces(objects); err != nil {
		return nil, err
	}
	var walls []map[string]any
	if f.Tenant.Spec.Network.Policy == v1alpha1.NetworkIsolated {
		f.warnOfPolicies(objects)
		walls = append(walls, f.networkPolicies(plane, objects)...)
	}
	walls = append(walls, f.policies()...)
	walls = append(walls, f.quotas()...)
	if err := f.clashes(objects, walls); err != nil {
		return nil, err
	}
	for _, wall := range walls {
		if objects, err = object.Put(objects, f.Tenant.Name(), wall); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// namespaces makes the tenant's Namespaces, or labels those that a base or an
// overlay brings.
func (f Filter) namespaces(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	if !*f.Tenant.Spec.CreateNamespaces {
		for _, o := range object.Of("Namespace", objects) {
			// The control plane's is the base's, and says nothing.
			if f.Warn != nil && slices.Contains(f.Tenant.Spec.ApplicationNamespaces, o.GetName()) && o.GetLabels()[v1alpha1.TenantLabel] == "" {
				f.Warn(fmt.Sprintf("%s: is left out, with the labels and annotations that it has, since spec.createNamespaces of the tenant is false; "+
					"remove it here, and apply it with the cluster's own Namespaces", object.IDOf(o)))
			}
		}
		return object.Remove(objects, func(o *yaml.RNode) bool { return o.GetKind() == "Namespace" }), nil
	}
	for _, name := range f.Tenant.Namespaces() {
		i := slices.IndexFunc(objects, func(o *yaml.RNode) bool { return o.GetKind() == "Namespace" && o.GetName() == name })
		if i < 0 {
			made, err := object.Node(object.New("v1", "Namespace", "", name, nil))
			if err != nil {
				return nil, err
			}
			objects, i = append(objects, made), len(objects)
		}
		if err := f.checkLabels(objects[i]); err != nil {
			return nil, fmt.Errorf("%s: metadata.labels: %w", object.IDOf(objects[i]), err)
		}
		labels := f.labels(name)
		for _, key := range slices.Sorted(maps.Keys(labels)) {
			if err := object.Label(objects[i], key, labels[key]); err != nil {
				return nil, err
			}
		}
	}
	return objects, nil
}

// labels are a namespace's: application namespaces carry the revision, or what
// stood for it before, so that their pods get the tenant's proxies.
func (f Filter) labels(namespace string) map[string]string {
	labels := map[string]string{v1alpha1.TenantLabel: f.Tenant.Name()}
	maps.Copy(labels, f.Tenant.Spec.NamespaceLabels)
	switch {
	case namespace == f.Tenant.Spec.ControlPlane.Namespace:
	case f.Plan.Revisions():
		labels["istio.io/rev"] = f.Tenant.Spec.ControlPlane.Revision
	default:
		labels["istio-injection"] = "enabled"
	}
	return labels
}

// checkLabels refuses a Namespace whose Pods another control plane would
// inject, and this one would not.
func (f Filter) checkLabels(namespace *yaml.RNode) error {
	if !f.Plan.Revisions() {
		return nil
	}
	labels := namespace.GetLabels()
	for _, key := range []string{"istio-injection", "istio.io/dataplane-mode"} {
		if value, found := labels[key]; found {
			return fmt.Errorf("found %s: %q, with which the tenant's control plane injects nothing; remove it", key, value)
		}
	}
	if has, want := labels["istio.io/rev"], f.Tenant.Spec.ControlPlane.Revision; has != "" && has != want {
		return fmt.Errorf("found istio.io/rev: %q; must be the tenant's revision, %q, or absent", has, want)
	}
	return nil
}

func (f Filter) quotas() []map[string]any {
	if len(f.Tenant.Spec.Quota) == 0 {
		return nil
	}
	var quotas []map[string]any
	for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
		quotas = append(quotas, object.New("v1", "ResourceQuota", namespace, "tenant-quota",
			map[string]any{"spec": map[string]any{"hard": f.Tenant.Spec.Quota}}))
	}
	return quotas
}

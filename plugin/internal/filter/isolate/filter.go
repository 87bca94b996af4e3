package isolate

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/pruning"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Filter isolates Tenant.
type Filter struct {
	Tenant tenancy.Tenant
}

var _ kio.Filter = Filter{}

// Filter adds the objects that isolate the tenant, merges the tenant's labels into
// the Namespaces among objects, and removes nodePorts from the base's Services.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	objects, err := f.namespaces(objects)
	if err != nil {
		return nil, err
	}
	if err := f.nodePorts(objects); err != nil {
		return nil, err
	}
	var walls []map[string]any
	if f.Tenant.Spec.Network.Policy == v1alpha1.NetworkIsolated {
		f.warnOfPolicies(objects)
		policies := f.networkPolicies(objects)
		for _, p := range policies {
			walls = append(walls, p.object())
		}
		walls = append(walls, f.floor(policies)...)
		walls = append(walls, f.letMembersIn()...)
	}
	walls = append(walls, f.policies()...)
	walls = append(walls, f.partition()...)
	walls = append(walls, f.quotas()...)
	if err := errors.Join(f.clashes(objects, walls), f.strangers(objects, walls)); err != nil {
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
			if slices.Contains(f.Tenant.Spec.ApplicationNamespaces, o.GetName()) && o.GetLabels()[v1alpha1.TenantLabel] == "" {
				f.Tenant.Warn("%s: is left out, with the labels and annotations that it has, since spec.createNamespaces of the tenant is false; "+
					"remove it here, and apply it with the cluster's own Namespaces", object.IDOf(o))
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
		if value, found := objects[i].GetAnnotations()[v1alpha1.AdoptAnnotation]; found {
			return nil, fmt.Errorf("%s: metadata.annotations: found %s: %q; remove it: it states that the cluster administrator has checked "+
				"what is in the namespace; the administrator sets it once by kubectl annotate, and not in an overlay", object.IDOf(objects[i]), v1alpha1.AdoptAnnotation, value)
		}
		if err := f.checkLabels(objects[i]); err != nil {
			return nil, fmt.Errorf("%s: metadata.labels: %w", object.IDOf(objects[i]), err)
		}
		labels := f.labels(name)
		if labels[istio.RevisionLabel] != "" && !f.Tenant.Shares() && !f.injectsAll(objects, merged(objects[i], labels)) {
			labels[v1alpha1.InjectionLabel] = v1alpha1.InjectionOnRequest
		}
		for _, key := range slices.Sorted(maps.Keys(labels)) {
			if err := object.Label(objects[i], key, labels[key]); err != nil {
				return nil, err
			}
		}
		if err := f.annotate(objects[i]); err != nil {
			return nil, err
		}
		// A slip in tenant.yaml takes a Namespace out, and all that is in it would go, the
		// key of the tenant's CA included.
		if err := pruning.Disable(objects[i]); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// labels are a namespace's: application namespaces carry the revision, or what
// stood for it before, so that their pods get the tenant's proxies. All carry
// their name, by which NetworkPolicies and webhooks select them.
func (f Filter) labels(namespace string) map[string]string {
	labels := map[string]string{v1alpha1.TenantLabel: f.Tenant.Name()}
	maps.Copy(labels, f.Tenant.Spec.NamespaceLabels)
	if f.Tenant.InSharedMesh() {
		labels[v1alpha1.MeshLabel] = f.Tenant.MeshName()
	}
	if f.Tenant.Holds(istio.UnnamedNamespaces) {
		labels[object.NameLabel] = namespace
	}
	switch {
	case namespace == f.Tenant.Own():
	case f.Tenant.Revisions():
		labels[istio.RevisionLabel] = f.Tenant.RevisionOf(namespace)
	default:
		labels[istio.InjectionLabel] = istio.InjectionEnabled
	}
	return labels
}

// checkLabels refuses a Namespace that takes another's name, and one whose Pods
// another control plane would inject, and this one would not.
func (f Filter) checkLabels(namespace *yaml.RNode) error {
	labels := namespace.GetLabels()
	if value, found := labels[object.NameLabel]; found && value != namespace.GetName() {
		return fmt.Errorf("found %s: %q; must be %q, its name, or absent", object.NameLabel, value, namespace.GetName())
	}
	if !f.Tenant.Revisions() {
		return nil
	}
	for _, key := range []string{istio.InjectionLabel, istio.DataplaneModeLabel} {
		if value, found := labels[key]; found {
			return fmt.Errorf("found %s: %q, with which the tenant's control plane injects nothing; remove it", key, value)
		}
	}
	if has, want := labels[istio.RevisionLabel], f.Tenant.RevisionOf(namespace.GetName()); has != "" && has != want {
		return fmt.Errorf("found %s: %q; must be the tenant's revision, %q, or absent", istio.RevisionLabel, has, want)
	}
	return nil
}

// merged are a Namespace's labels, with those that it gets, as the API server has them.
func merged(namespace *yaml.RNode, gets map[string]string) map[string]string {
	labels := map[string]string{object.NameLabel: namespace.GetName()}
	maps.Copy(labels, namespace.GetLabels())
	maps.Copy(labels, gets)
	return labels
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

package admit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/isolate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Laid returns all reasons, joined, why an object, which an overlay gives after the tenant was
// laid, is none that the transformer would have let pass; nil: it may be the tenant's. A
// kustomization over the tenant may have added the object, or changed it. Whether its
// namespace, its label and its kind are a tenant's is not said here.
func (f Filter) Laid(o *yaml.RNode) error {
	id := object.IDOf(o)
	f.Again = true
	var errs []error
	for _, check := range []func(object.ID, *yaml.RNode) error{single, named, f.ambient, f.laidCluster, ownerless, delegated, f.opening} {
		errs = append(errs, check(id, o))
	}
	return errors.Join(errs...)
}

// laidCluster refuses what an object without a namespace must not be.
func (f Filter) laidCluster(id object.ID, o *yaml.RNode) error {
	if !object.IsClusterScoped(o) || !IsTenants(id.Group, id.Kind) || id.Kind == "Namespace" {
		return nil
	}
	if id.Group == isolate.FloorGroup && id.Kind == "ClusterNetworkPolicy" {
		return errors.Join(f.OwnName(o), f.floor(o))
	}
	var err error
	for _, revision := range f.revisions() { // of the control planes, one of which it is for
		of := f
		of.Revision = revision
		if err = of.clusterKind(id, o); err == nil {
			break
		}
	}
	return errors.Join(f.OwnName(o), err)
}

func (f Filter) revisions() []string {
	all := []string{f.Tenant.Spec.ControlPlane.Revision}
	for _, r := range f.Tenant.Spec.ControlPlane.Revisions {
		all = append(all, f.Tenant.RevisionNamed(r.Name))
	}
	return all
}

func (f Filter) clusterKind(id object.ID, o *yaml.RNode) error {
	var errs []error
	for _, check := range clusterKinds[[2]string{id.Group, id.Kind}] {
		if err := check(f, id, o); err != nil && !slices.ContainsFunc(errs, func(e error) bool { return e.Error() == err.Error() }) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// OwnName refuses the name of an object without a namespace, if another tenant or the
// cluster may have an object of that name.
func (f Filter) OwnName(o *yaml.RNode) error {
	id, plane := object.IDOf(o), f.Tenant.Spec.ControlPlane.Namespace
	class := id.Kind == "GatewayClass" && id.Name == istio.Values{Tenant: f.Tenant.MeshName()}.Expand(istio.GatewayClass)
	if !object.IsClusterScoped(o) || id.Kind == "Namespace" || class || relocate.IsOwn(id.Kind, id.Name, plane) {
		return nil
	}
	return fmt.Errorf("metadata.name: found %q; the cluster has only one object of each name, so that a tenant's must end in %q: "+
		"write %[1]s-%[3]s, or take a kind that has a namespace", id.Name, "-"+plane, v1alpha1.BaseNamespace)
}

// floorPriorities are those of the policies that package isolate makes for a floor.
var floorPriorities = []string{strconv.Itoa(isolate.FloorPass), strconv.Itoa(isolate.FloorDeny)}

// floor refuses a ClusterNetworkPolicy that decides for Pods of others, or before the
// policies of the cluster administrator.
func (f Filter) floor(o *yaml.RNode) error {
	const right = "the only ClusterNetworkPolicies of a tenant are those that spec.network.floor of the tenant makes; " +
		"the cluster administrator may apply this one with the common base"
	if on := f.Tenant.Spec.Network.Floor; on == nil || !*on {
		return fmt.Errorf("spec.network.floor of the tenant is not true: %s", right)
	}
	tier, priority := object.String(o, "spec", "tier"), object.String(o, "spec", "priority")
	if tier != isolate.FloorTier || !slices.Contains(floorPriorities, priority) {
		return fmt.Errorf("spec.priority: found %q in tier %q; must be %s in tier %s: %s", priority, tier, strings.Join(floorPriorities, " or "), isolate.FloorTier, right)
	}
	subject := []string{"spec", "subject", "namespaces"}
	if len(object.List(o, "spec", "subject", "pods", "namespaceSelector", "matchExpressions")) > 0 {
		subject = []string{"spec", "subject", "pods", "namespaceSelector"}
	}
	for _, e := range object.List(o, append(subject, "matchExpressions")...) {
		values := object.Strings(e, "values")
		if object.String(e, "key") == object.NameLabel && object.String(e, "operator") == "In" &&
			!slices.ContainsFunc(values, func(ns string) bool { return !slices.Contains(f.Tenant.Namespaces(), ns) }) {
			return nil
		}
	}
	return fmt.Errorf("%s: must select namespaces by %s In [%s]: %s", strings.Join(subject, "."), object.NameLabel, strings.Join(f.Tenant.Namespaces(), ", "), right)
}

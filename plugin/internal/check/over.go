package check

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// foreignObject finds objects outside of their tenant's namespaces. Of what an overlay
// contains, the tenant is the overlay's: the label has to say the same.
func foreignObject(e *estate, r *report) {
	scopes, others := e.scopes(), e.addedToOthers()
	for _, o := range e.Objects {
		tenant, label := o.Tenant(), o.TenantLabel()
		given, cluster := o.Overlay() != "", o.ID.Namespace == "" || scopes(o.ID) == object.Cluster
		isNamespace := o.ID.Group == "" && o.ID.Kind == "Namespace"
		switch {
		case tenant == "":
		case given && cluster && o.ID.Group != v1alpha1.Group && !admit.IsTenants(o.ID.Group, o.ID.Kind):
			r.add(o, "", []string{tenant}, "%s of the overlay of tenant %s: has no namespace, and a tenant has no %s without one", o.ID, tenant, o.ID.Kind)
		case given && isNamespace && !e.isOf(tenant, o.ID.Name):
			r.add(o, "", append([]string{tenant}, e.owners[o.ID.Name]...), "%s of the overlay of tenant %s: is a namespace of %s", o.ID, tenant, called(e.owners[o.ID.Name]))
		case o.ID.Namespace != "" && !e.isOf(tenant, o.ID.Namespace):
			r.add(o, o.ID.Namespace, append([]string{tenant}, e.owners[o.ID.Namespace]...), "%s of tenant %s: is in a namespace of %s",
				o.ID, tenant, called(e.owners[o.ID.Namespace]))
		case others[o] != "":
			r.add(o, "overlay", []string{tenant}, "%s of tenant %s: is in an overlay that lists several tenants, and is not the same in the overlay of tenant %s, %s", o.ID, tenant, tenant, others[o])
		case given && label != "" && label != tenant:
			r.add(o, "label", []string{tenant, label}, "%s of the overlay of tenant %s: has the label %s: %s: must have the value %s",
				o.ID, tenant, v1alpha1.TenantLabel, label, tenant)
		case given && o.ID.Namespace != "" && scopes(o.ID) == object.Unknown && !e.isListed(tenant, o.ID):
			f := r.add(o, "scope", []string{tenant}, "%s of the overlay of tenant %s: nothing says whether kind %s of group %s has a namespace, and without one the object is the whole cluster's: "+
				"list the kind in spec.namespacedKinds of the tenant if it has one", o.ID, tenant, o.ID.Kind, o.ID.Group)
			f.Severity = Warning
		}
	}
}

// addedToOthers are objects of overlays that list several tenants, if a tenant has an overlay of
// its own that does not give the same object, by that overlay: whoever lists tenants may not add
// to each of them what it likes.
func (e *estate) addedToOthers() map[*snapshot.Object]string {
	type key struct{ overlay, tenant string }
	configured, own := map[key]bool{}, map[string]string{}
	for _, c := range e.Configs { // without those of listed tenants that have their own overlay here
		configured[key{c.Overlay, c.Name()}] = true
		own[c.Name()] = c.Overlay
	}
	tenants := map[string][]string{}
	for _, o := range e.Objects {
		if tenant := o.Overlay(); tenant != "" && !slices.Contains(tenants[o.Source.File], tenant) {
			tenants[o.Source.File] = append(tenants[o.Source.File], tenant)
		}
	}
	given := map[object.ID][]*snapshot.Object{}
	for _, o := range e.Objects {
		if tenant := o.Overlay(); tenant != "" && o.Source.File == own[tenant] {
			given[o.ID] = append(given[o.ID], o)
		}
	}
	found := map[*snapshot.Object]string{}
	for _, o := range e.Objects {
		tenant := o.Overlay()
		if tenant != "" && len(tenants[o.Source.File]) > 1 && !configured[key{o.Source.File, tenant}] && own[tenant] != "" && !slices.ContainsFunc(given[o.ID], o.IsSame) {
			found[o] = own[tenant]
		}
	}
	return found
}

// scopes says of kinds whether they have a namespace: what this program knows, or else what
// a CustomResourceDefinition says.
func (e *estate) scopes() func(object.ID) object.Scope {
	type kind struct{ group, kind string }
	defined := map[kind]object.Scope{}
	for _, o := range e.Of("apiextensions.k8s.io", "CustomResourceDefinition") {
		of := kind{snapshot.Text(o.Content, "spec", "group"), snapshot.Text(o.Content, "spec", "names", "kind")}
		switch scope := snapshot.Text(o.Content, "spec", "scope"); {
		case scope == "Cluster":
			defined[of] = object.Cluster
		case scope == "Namespaced":
			defined[of] = object.Namespaced
		}
	}
	known := map[kind]object.Scope{}
	return func(id object.ID) object.Scope {
		of := kind{id.Group, id.Kind}
		scope, found := known[of]
		if !found {
			if scope = object.ScopeOfKind(id.Group, id.Kind); scope == object.Unknown {
				scope = defined[of]
			}
			known[of] = scope
		}
		return scope
	}
}

// isListed says whether a tenant's file says that a kind has a namespace.
func (e *estate) isListed(tenant string, id object.ID) bool {
	return slices.Contains(e.tenants[tenant].spec().NamespacedKinds, id.Kind+"."+id.Group)
}

// isPlaced says whether an object of an overlay is of a kind and in a place that a tenant's
// objects have; others are foreign objects.
func (e *estate) isPlaced(o *snapshot.Object, tenant string, scopes func(object.ID) object.Scope) bool {
	label := o.TenantLabel()
	switch {
	case label != "" && label != tenant:
		return false
	case o.ID.Group == "" && o.ID.Kind == "Namespace":
		return e.isOf(tenant, o.ID.Name)
	case o.ID.Namespace == "" || scopes(o.ID) == object.Cluster:
		return admit.IsTenants(o.ID.Group, o.ID.Kind)
	}
	return e.isOf(tenant, o.ID.Namespace)
}

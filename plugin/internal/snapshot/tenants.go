package snapshot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// ClusterNamespaces are the namespaces that every cluster has, and that belong to no
// tenant.
func ClusterNamespaces() []string {
	return []string{"default", "kube-node-lease", "kube-public", "kube-system"}
}

// IsClusterNamespace says whether every cluster has a namespace.
func IsClusterNamespace(name string) bool { return slices.Contains(ClusterNamespaces(), name) }

// tenants are those that objects, overlays and the user name. A namespace is that
// tenant's of which the tenant's file, or the label of the Namespace, says so: of what an
// overlay contains, the file alone says it. Where neither
// says anything of a tenant, its namespaces are those that its objects are in: one object
// makes nobody's namespace that of a tenant who has others.
func tenants(objects []*Object, r *Reading, named map[string][]string) []Tenant {
	of := map[string]*Tenant{}
	spaces := map[string]map[string]bool{}
	add := func(tenant string, source Source, namespaces ...string) {
		if of[tenant] == nil {
			of[tenant] = &Tenant{Name: tenant, Source: source}
			spaces[tenant] = map[string]bool{}
		}
		for _, ns := range namespaces {
			spaces[tenant][ns] = true
		}
	}
	owned := map[string]bool{}
	own := func(tenant string, source Source, namespaces ...string) {
		add(tenant, source, namespaces...)
		for _, ns := range namespaces {
			owned[ns] = true
		}
	}
	configured := map[string]bool{} // tenants of which something says the namespaces
	for _, c := range r.Configs {
		configured[c.Name()] = true
		own(c.Name(), Source{File: c.File}, c.Namespaces()...)
	}
	for tenant, namespaces := range named {
		configured[tenant] = true
		own(tenant, Source{}, namespaces...)
	}
	for _, o := range objects {
		if tenant := o.TenantLabel(); tenant != "" && o.overlay == "" && o.ID.Group == "" && o.ID.Kind == "Namespace" {
			configured[tenant] = true
			own(tenant, o.Source, o.ID.Name)
		}
	}
	for _, o := range objects {
		if tenant := o.TenantLabel(); tenant != "" && o.overlay == "" && o.ID.Namespace != "" && !owned[o.ID.Namespace] && !configured[tenant] && !IsClusterNamespace(o.ID.Namespace) {
			add(tenant, o.Source, o.ID.Namespace)
		}
	}
	var found []Tenant
	for _, name := range slices.Sorted(maps.Keys(of)) {
		t := of[name]
		t.Namespaces = slices.Sorted(maps.Keys(spaces[name]))
		t.ControlPlane = plane(*t, r)
		found = append(found, *t)
	}
	return found
}

// missing are mistakes in what the user says: namespaces in which there is nothing.
func missing(objects []*Object, named map[string][]string) (errs []error) {
	there := map[string]bool{}
	for _, o := range objects {
		if there[o.ID.Namespace] = true; o.ID.Group == "" && o.ID.Kind == "Namespace" {
			there[o.ID.Name] = true
		}
	}
	for _, tenant := range slices.Sorted(maps.Keys(named)) {
		for _, ns := range named[tenant] {
			if !there[ns] {
				errs = append(errs, fmt.Errorf("--tenant %s=%s: nothing of what was read is in namespace %s: must be one that has objects", tenant, ns, ns))
			}
		}
	}
	return errs
}

// plane is the namespace of a tenant's own control plane: one of the tenant's, if there is
// such a one.
func plane(t Tenant, r *Reading) string {
	if r.planes == nil {
		r.planes = map[string][]string{}
		for _, p := range r.Planes {
			of := cmp.Or(p.Object.Tenant(), "\n"+p.Object.ID.Namespace)
			r.planes[of] = append(r.planes[of], p.Object.ID.Namespace)
		}
	}
	if all := r.planes[t.Name]; len(all) > 0 {
		for _, namespace := range slices.Backward(all) {
			if t.Has(namespace) {
				return namespace
			}
		}
		return all[len(all)-1]
	}
	for _, ns := range t.Namespaces {
		if len(r.planes["\n"+ns]) > 0 {
			return ns
		}
	}
	return ""
}

// Tenant is the one whose overlay gives an object, whatever its label says, or, where no
// overlay does, the one that its label names; "": neither.
func (o *Object) Tenant() string { return cmp.Or(o.overlay, o.TenantLabel()) }

// Overlay is the tenant whose overlay gives an object, whatever its label says; "": none.
// What the common base gives, too, is nobody's.
func (o *Object) Overlay() string { return o.overlay }

// TenantLabel is the tenant that an object's label names, or "".
func (o *Object) TenantLabel() string {
	return Text(o.Content, "metadata", "labels", v1alpha1.TenantLabel)
}

// Mentions calls use for each object with each of some words that it contains, and
// with the places where the word is. A word is whole: "ns-10" does not contain
// "ns-1".
func (r *Reading) Mentions(of func(word string) bool, use func(o *Object, word string, at Place)) {
	wanted := map[uint32]string{}
	for word, number := range r.words {
		if of(word) {
			wanted[number] = word
		}
	}
	for _, o := range r.Objects {
		for _, entry := range o.words {
			if word, found := wanted[entry>>placeBits]; found {
				use(o, word, Place(entry&(1<<placeBits-1)))
			}
		}
	}
}

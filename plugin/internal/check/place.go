package check

import (
	"io/fs"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/bases"
	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func foreignObject(e *estate, r *report) {
	type key struct{ tenant, namespace string }
	found := map[key][]*snapshot.Object{}
	var order []key
	for _, o := range e.Objects {
		if o.Tenant() == "" || o.ID.Namespace == "" || e.isOf(o.Tenant(), o.ID.Namespace) {
			continue
		}
		k := key{o.Tenant(), o.ID.Namespace}
		if found[k] == nil {
			order = append(order, k)
		}
		found[k] = append(found[k], o)
	}
	for _, k := range order {
		for _, o := range found[k] {
			r.add(o, k.namespace, append([]string{k.tenant}, e.owners[k.namespace]...), "%s of tenant %s: is in a namespace of %s",
				o.ID, k.tenant, called(e.owners[k.namespace]))
		}
	}
}

func unlabelledNamespace(e *estate, r *report) {
	labelled := e.labelledIn()
	for _, o := range e.Of("", "Namespace") {
		if owner := e.owner(o.ID.Name); owner != "" && o.Tenant() == "" {
			r.add(o, "", []string{owner}, "%s of tenant %s: has no label %s: must have it, with the value %s", o.ID, owner, v1alpha1.TenantLabel, owner)
		} else if owner != "" || snapshot.IsClusterNamespace(o.ID.Name) {
			continue
		} else if in := labelled[o.ID.Name]; len(in) == 1 {
			r.add(o, "", in, "%s: has objects of tenant %s, and no label %s: must have it, with the value %s, if it is the tenant's", o.ID, in[0], v1alpha1.TenantLabel, in[0])
		}
	}
}

// labelledIn are the tenants that the labels of objects in namespaces name.
func (e *estate) labelledIn() map[string][]string {
	all := map[string][]string{}
	for _, o := range e.Objects {
		if tenant := o.Tenant(); o.ID.Namespace != "" && e.owner(o.ID.Namespace) == "" && tenant != "" && !slices.Contains(all[o.ID.Namespace], tenant) {
			all[o.ID.Namespace] = append(all[o.ID.Namespace], tenant)
		}
	}
	return all
}

const (
	podSecurity = "pod-security.kubernetes.io/enforce"
	privileged  = "privileged"
	podsPolicy  = "istio-tenancy-pods"
)

func noPodSecurity(e *estate, r *report) {
	policy := e.Get(object.ID{Group: admission, Kind: vap, Name: podsPolicy}) != nil
	for _, o := range e.Of("", "Namespace") {
		owner := e.owner(o.ID.Name)
		switch level, set := o.Labels()[podSecurity]; {
		case owner == "":
		case level == privileged:
			f := r.add(o, level, []string{owner}, "%s of tenant %s: its Pods may do everything on their nodes, by the label %s: %s", o.ID, owner, podSecurity, privileged)
			if e.tenants[owner].spec().NamespaceLabels[podSecurity] == privileged {
				f.asked(e.tenants[owner].config.File + ": spec.namespaceLabels")
			}
		case !set && !policy:
			r.add(o, "", []string{owner}, "%s of tenant %s: nothing keeps its Pods from privileged access to their nodes: neither the label %s nor the policy %s is there",
				o.ID, owner, podSecurity, podsPolicy)
		}
	}
}

const (
	vap        = "ValidatingAdmissionPolicy"
	vapBinding = "ValidatingAdmissionPolicyBinding"
)

func missingPolicies(e *estate, r *report) {
	if len(e.Tenants) == 0 {
		return
	}
	denies := map[string]bool{}
	for _, o := range e.Of(admission, vapBinding) {
		if slices.Contains(snapshot.Texts(o.Content, "spec", "validationActions"), "Deny") {
			denies[snapshot.Text(o.Content, "spec", "policyName")] = true
		}
	}
	var missing []string
	known := policies()
	for _, name := range known {
		o := e.Get(object.ID{Group: admission, Kind: vap, Name: name})
		switch {
		case o == nil:
			missing = append(missing, name)
		case !denies[name]:
			r.add(o, "binding", nil, "%s: refuses nothing: no ValidatingAdmissionPolicyBinding with validationActions Deny names it", o.ID)
		}
	}
	switch len(missing) {
	case 0:
	case len(known):
		r.add(nil, "all", nil, "the admission policies of bases/tenancy are missing: what they would refuse is taken as allowed")
	default:
		r.add(nil, strings.Join(missing, " "), nil, "admission policies of bases/tenancy are missing: %s", some(missing))
	}
}

// policies are the admission policies that every release of Istio takes along.
func policies() (names []string) {
	files, err := fs.Glob(bases.Tenancy, "tenancy/*.yaml")
	if err != nil {
		return nil
	}
	for _, file := range files {
		text, err := bases.Tenancy.ReadFile(file)
		if err != nil {
			continue
		}
		for _, d := range manifest.Documents(text) {
			var o struct {
				Kind     string
				Metadata struct{ Name string }
			}
			if yaml.Unmarshal(d.Text, &o) == nil && o.Kind == vap {
				names = append(names, o.Metadata.Name)
			}
		}
	}
	return names
}

func unlaidTenant(e *estate, r *report) {
	for _, o := range e.Objects {
		if o.ID.Group == v1alpha1.Group {
			r.add(o, "", []string{e.tenantOf(o)}, "%s: is among the objects, and no cluster has this kind: list its file under transformers of the kustomization", o.ID)
		}
	}
}

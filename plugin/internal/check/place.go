package check

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/bases"
	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func unlabelledNamespace(e *estate, r *report) {
	labelled := e.labelledIn()
	for _, o := range e.Of("", "Namespace") {
		if owner := e.owner(o.ID.Name); owner != "" && o.TenantLabel() == "" {
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
		if tenant := o.TenantLabel(); o.ID.Namespace != "" && e.owner(o.ID.Namespace) == "" && tenant != "" && !slices.Contains(all[o.ID.Namespace], tenant) {
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
	denies := map[string][]*snapshot.Object{}
	for _, o := range e.Of(admission, vapBinding) {
		if slices.Contains(snapshot.Texts(o.Content, "spec", "validationActions"), "Deny") {
			name := snapshot.Text(o.Content, "spec", "policyName")
			denies[name] = append(denies[name], o)
		}
	}
	var missing []string
	known := policies()
	for _, p := range known {
		o := e.Get(object.ID{Group: admission, Kind: vap, Name: p.name})
		if o == nil {
			missing = append(missing, p.name)
			continue
		}
		if !means(p.spec, snapshot.Field(o.Content, "spec")) {
			r.add(o, "spec", nil, "%s: is another than in bases/tenancy of this program: what that refuses may be allowed here", o.ID)
		}
		bound := denies[p.name]
		switch same := slices.IndexFunc(bound, func(b *snapshot.Object) bool { return means(p.binding, boundTo(b.Content)) }); {
		case len(bound) == 0:
			r.add(o, "binding", nil, "%s: refuses nothing: no ValidatingAdmissionPolicyBinding with validationActions Deny names it", o.ID)
		case same < 0:
			r.add(bound[0], "binding", nil, "%s: binds %s to other objects than bases/tenancy of this program: what that refuses may be allowed here", bound[0].ID, p.name)
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

// policy is an admission policy that every release of Istio takes along, and what binds it.
type policy struct {
	name          string
	spec, binding any
}

// boundTo is what a binding says but for what happens then.
func boundTo(o map[string]any) map[string]any {
	spec, _ := snapshot.Field(o, "spec").(map[string]any)
	spec = maps.Clone(spec)
	delete(spec, "validationActions")
	return spec
}

func policies() (all []policy) {
	files, err := fs.Glob(bases.Tenancy, "tenancy/*.yaml")
	if err != nil {
		return nil
	}
	bindings := map[string]any{}
	for _, file := range files {
		text, err := bases.Tenancy.ReadFile(file)
		if err != nil {
			continue
		}
		for _, d := range manifest.Documents(text) {
			var o map[string]any
			if yaml.Unmarshal(d.Text, &o) != nil {
				continue
			}
			switch snapshot.Text(o, "kind") {
			case vap:
				all = append(all, policy{name: snapshot.Text(o, "metadata", "name"), spec: o["spec"]})
			case vapBinding:
				bindings[snapshot.Text(o, "spec", "policyName")] = boundTo(o)
			}
		}
	}
	for i, p := range all {
		all[i].binding = bindings[p.name]
	}
	return all
}

func unlaidTenant(e *estate, r *report) {
	for _, o := range e.Objects {
		if o.ID.Group == v1alpha1.Group {
			r.add(o, "", []string{e.tenantOf(o)}, "%s: is among the objects, and no cluster has this kind: list its file under transformers of the kustomization", o.ID)
		}
	}
}

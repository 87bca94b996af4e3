package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// apart says whether a kustomization in dir has the base of applications in the
// place of a control plane's, itself or by a directory that it lists.
func (l *lister) apart(dir string, k types.Kustomization) bool {
	return l.isApart(dir, k, nil)
}

func (l *lister) isApart(dir string, k types.Kustomization, from []string) bool {
	for _, name := range k.Generators {
		text, err := readConfiguration(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if r, err := v1alpha1.DecodeRelease(text); err == nil && r.Spec.Part == v1alpha1.PartApplications {
			return true
		}
	}
	return slices.ContainsFunc(entries(k), func(entry string) bool {
		return l.hasMarker(filepath.Join(dir, entry), append(slices.Clone(from), dir))
	})
}

func (l *lister) hasMarker(dir string, from []string) bool {
	if known, ok := l.parts.Load(dir); ok {
		return known.(bool)
	}
	if slices.Contains(from, dir) {
		return false
	}
	k, ok := l.kustomization(dir)
	if !ok {
		return false
	}
	// What lays a tenant is no base, and says so itself.
	tenants, _ := readTenants(dir, k.Transformers)
	found := len(tenants) == 0 && l.isApart(dir, k, from)
	l.parts.Store(dir, found)
	return found
}

// differing are the overlays of one tenant whose specs differ, with how: what is
// generated for the one would not fit the other. Only overlays that are to be
// rendered are refused.
func (r *run) differing(overlays []overlay, pending map[string]bool) map[string]error {
	type at struct {
		overlay
		claim
	}
	byTenant, apart := map[string][]at{}, map[string]bool{}
	for _, o := range overlays {
		for _, c := range r.claims[o.name] {
			if c.Listed == "" && c.Spec != "" {
				byTenant[c.Name] = append(byTenant[c.Name], at{o, c})
				apart[c.Name] = apart[c.Name] || c.Apart
			}
		}
	}
	refused := map[string]error{}
	for _, tenant := range slices.Sorted(maps.Keys(apart)) {
		if !apart[tenant] {
			continue // two control planes, which is another mistake
		}
		first := byTenant[tenant][0]
		for _, other := range byTenant[tenant][1:] {
			if other.Spec == first.Spec {
				continue
			}
			err := fmt.Errorf("tenant %s: %s: differs in %s and %s, and both are of one tenant: must be the same in both files",
				tenant, difference(first.Spec, other.Spec), first.called(), other.called())
			for _, one := range []at{first, other} {
				if pending[one.name] {
					refused[one.name] = err
				}
			}
		}
	}
	return refused
}

// difference is the first field in which two specs differ, with what they have.
func difference(a, b string) string {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return "spec"
	}
	return differs("spec", x, y)
}

func differs(path string, a, b any) string {
	x, isMap := a.(map[string]any)
	y, both := b.(map[string]any)
	if isMap && both {
		all := maps.Clone(x)
		maps.Copy(all, y)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if !reflect.DeepEqual(x[key], y[key]) {
				return differs(path+"."+key, x[key], y[key])
			}
		}
	}
	found := func(v any) string {
		if v == nil {
			return "nothing"
		}
		text, err := json.Marshal(v)
		if err != nil {
			return "another value"
		}
		return string(text)
	}
	return fmt.Sprintf("%s: found %s and %s", path, found(a), found(b))
}

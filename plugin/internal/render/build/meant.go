package build

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// describe names what a target asks for.
func describe(s types.Selector) string {
	kind := cmp.Or(s.Kind, "any kind")
	if s.Group != "" || s.Version != "" {
		kind += " of " + strings.Trim(s.Group+"/"+s.Version, "/")
	}
	words := []string{kind}
	if name := strings.Trim(s.Namespace+"/"+s.Name, "/"); name != "" {
		if s.Name == "" {
			name = "in namespace " + name
		}
		words = append(words, name)
	}
	for _, by := range []struct{ what, selector string }{{"labels", s.LabelSelector}, {"annotations", s.AnnotationSelector}} {
		if by.selector != "" {
			words = append(words, fmt.Sprintf("with %s %s", by.what, by.selector))
		}
	}
	return strings.Join(words, " ")
}

// relaxations each drop one condition of a target, the least telling first.
var relaxations = []func(*types.Selector) *string{
	func(s *types.Selector) *string { return &s.Namespace },
	func(s *types.Selector) *string { return &s.Version },
	func(s *types.Selector) *string { return &s.Group },
	func(s *types.Selector) *string { return &s.AnnotationSelector },
	func(s *types.Selector) *string { return &s.LabelSelector },
	func(s *types.Selector) *string { return &s.Name },
	func(s *types.Selector) *string { return &s.Kind },
}

// mostMeant is how many objects a question names.
const mostMeant = 3

// meant asks whether other objects were meant: those that are found when the
// fewest conditions of the target are dropped. The name of an object that is
// found without its name must come near that of the target, or begin it, since
// a tenant adds to names. A kind must come near if there is no name to go by.
func meant(objects resmap.ResMap, target types.Selector) string {
	hint := ""
	if isBase(objects) {
		hint = ": patches are applied before the tenant is laid over the base, and name objects as the base does"
	}
	var sets []int
	for set := 1; set < 1<<len(relaxations); set++ {
		sets = append(sets, set)
	}
	slices.SortStableFunc(sets, func(a, b int) int { return bits.OnesCount(uint(a)) - bits.OnesCount(uint(b)) })
	for _, set := range sets {
		relaxed, ok := relax(target, set)
		if !ok {
			continue
		}
		found, err := objects.Select(relaxed)
		if err != nil {
			return fmt.Sprintf("%s: %v", hint, err)
		}
		switch {
		case relaxed.Name != target.Name:
			found = near(target.Name, found)
		case relaxed.Kind != target.Kind && target.Name == "":
			found = ofKindNear(target.Kind, found)
		}
		if len(found) > 0 {
			return hint + "; did you mean " + list(found) + "?"
		}
	}
	if hint != "" {
		hint += "; to change what the tenant adds, list the overlay as a resource of another kustomization, and patch there"
	}
	return hint
}

// relax drops a set of conditions, all of which the target has. There must be
// something left to go by, or else a name or kind to come near to.
func relax(target types.Selector, set int) (types.Selector, bool) {
	named := target.Kind != "" || target.Name != ""
	for i, condition := range relaxations {
		if set&(1<<i) == 0 {
			continue
		}
		if *condition(&target) == "" {
			return target, false
		}
		*condition(&target) = ""
	}
	return target, named || target.LabelSelector != "" || target.AnnotationSelector != ""
}

// isBase says whether no tenant has been laid over the objects yet.
func isBase(objects resmap.ResMap) bool {
	return slices.ContainsFunc(objects.Resources(), func(r *resource.Resource) bool {
		_, ofBase := v1alpha1.BaseRevision(r.GetNamespace())
		return ofBase
	})
}

// near are the objects whose name was misspelt, or to whose name something was added.
func near(name string, objects []*resource.Resource) []*resource.Resource {
	longest := 0
	var beginning []*resource.Resource
	for _, o := range objects {
		switch n := len(o.GetName()); {
		case !strings.HasPrefix(name, o.GetName()+"-") || n < longest:
		case n > longest:
			longest, beginning = n, []*resource.Resource{o}
		default:
			beginning = append(beginning, o)
		}
	}
	if len(beginning) > 0 {
		return beginning
	}
	return slices.DeleteFunc(objects, func(o *resource.Resource) bool { return suggest.Question(name, []string{o.GetName()}) == "" })
}

func ofKindNear(kind string, objects []*resource.Resource) []*resource.Resource {
	return slices.DeleteFunc(objects, func(o *resource.Resource) bool { return suggest.Question(kind, []string{o.GetKind()}) == "" })
}

func list(objects []*resource.Resource) string {
	var names []string
	for _, o := range objects {
		names = append(names, strings.TrimSpace(o.GetKind()+" "+strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")))
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > mostMeant {
		names = append(names[:mostMeant], fmt.Sprintf("another of %d", len(objects)))
	}
	return strings.Join(names, " or ")
}

package admit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// once says where an object of the whole cluster belongs.
const once = "exists once per cluster, so it is not a tenant's; move it to the common base, which the cluster administrator applies"

// Tenants refuses objects of cluster-scoped kinds that a tenant never has.
func Tenants(o *yaml.RNode) error {
	id := object.IDOf(o)
	if _, has := clusterKinds[[2]string{id.Group, id.Kind}]; !has && object.IsClusterScoped(o) {
		return errors.New(once)
	}
	return nil
}

// kinds knows of each kind whether it has a namespace, and remembers those of
// which nothing does.
type kinds struct {
	filter  Filter
	defined map[[2]string]object.Scope
	unknown []string
}

// check refuses objects of the whole cluster, but for the control plane's own,
// and kinds of which nobody can say whether they are that: an object of such a
// kind in an overlay is stored for the whole cluster, whatever its namespace.
func (k *kinds) check(id object.ID, o *yaml.RNode) error {
	kind := [2]string{id.Group, id.Kind}
	scope := object.ScopeOf(o)
	if scope == object.Unknown {
		scope = k.defined[kind]
	}
	switch scope {
	case object.Namespaced:
		return nil
	case object.Cluster:
		checks, has := clusterKinds[kind]
		if !has {
			return errors.New(once)
		}
		for _, check := range checks {
			if err := check(k.filter, id, o); err != nil {
				return err
			}
		}
		return nil
	}
	if right := misspelt(id.Group, id.Kind); right != "" {
		return fmt.Errorf("kind: found %q of apiVersion %q, %s", id.Kind, o.GetApiVersion(), right)
	}
	if id.Group == "" {
		return fmt.Errorf("kind: found %q of apiVersion %q, which is no kind of objects that Kubernetes stores: correct it", id.Kind, o.GetApiVersion())
	}
	name := id.Kind + "." + id.Group
	if slices.Contains(k.filter.Tenant.Spec.NamespacedKinds, name) {
		return nil
	}
	if !slices.Contains(k.unknown, name) {
		k.unknown = append(k.unknown, name)
	}
	return fmt.Errorf("kind: found %q of group %q, of which this release does not know whether it has a namespace: if it has one, "+
		"see spec.namespacedKinds below; if it has none, its objects are the whole cluster's: move them to the common base", id.Kind, id.Group)
}

// misspelt says what is right in the place of what is no kind; "" where that is
// not known. What is written so has no place under spec.namespacedKinds.
func misspelt(group, kind string) string {
	if strings.ContainsFunc(kind, func(r rune) bool { return r >= unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return "which is no kind, because a kind has letters and digits only: correct it"
	}
	for _, known := range object.Kinds(group) {
		switch {
		case known != kind && strings.EqualFold(known, kind):
			return fmt.Sprintf("which is no kind of that group: write %q", known)
		case known+"List" == kind:
			return "which is a kind of lists and not of objects: write each object as a document of its own"
		}
	}
	return ""
}

// toList is the line below spec of tenant.yaml that lists every unknown kind.
func (k *kinds) toList() error {
	if len(k.unknown) == 0 {
		return nil
	}
	before := k.filter.Tenant.Spec.NamespacedKinds
	lacks, where := "1 kind that is not known to this release; if it has a namespace", `below "spec:"`
	if n := len(k.unknown); n > 1 {
		lacks = strconv.Itoa(n) + " kinds that are not known to this release; for those that have a namespace"
	}
	if len(before) > 0 {
		where = `instead of the list that is below "spec:"`
	}
	return fmt.Errorf("spec.namespacedKinds: lacks %s (kubectl api-resources shows it), write in tenant.yaml, %s, indented as the other fields there: "+
		"namespacedKinds: [%s]", lacks, where, strings.Join(slices.Concat(before, k.unknown), ", "))
}

// listed refuses kinds under spec.namespacedKinds that have no namespace, and
// warns of those that need not be there.
func (k *kinds) listed(objects []*yaml.RNode) error {
	var errs []error
	for i, listed := range k.filter.Tenant.Spec.NamespacedKinds {
		at := fmt.Sprintf("spec.namespacedKinds[%d]: found %q", i, listed)
		kind, group, _ := strings.Cut(listed, ".")
		known, err := object.Node(object.New(group+"/v1", kind, "", "any", nil))
		if err != nil {
			return err
		}
		scope := object.ScopeOf(known)
		if scope == object.Unknown {
			scope = k.defined[[2]string{group, kind}]
		}
		right := misspelt(group, kind)
		switch {
		case scope == object.Unknown && right != "":
			errs = append(errs, fmt.Errorf("%s, %s", at, right))
		case scope == object.Cluster:
			errs = append(errs, fmt.Errorf("%s: a kind that has no namespace, whose objects are the whole cluster's: remove it", at))
		case scope == object.Namespaced:
			k.filter.warn(at + ", of which this release knows that it has a namespace: remove it")
		default:
			if !slices.ContainsFunc(objects, func(o *yaml.RNode) bool { return object.IDOf(o).Kind == kind && object.IDOf(o).Group == group }) {
				k.filter.warn(at + ", and there is no such object: remove it, or correct the name")
			}
		}
	}
	return errors.Join(errs...)
}

// definitions are the scopes that CustomResourceDefinitions among the objects
// state. They do not belong in an overlay, but they know.
func definitions(objects []*yaml.RNode) map[[2]string]object.Scope {
	scopes := map[[2]string]object.Scope{}
	for _, d := range object.Of("CustomResourceDefinition", objects) {
		if object.IDOf(d).Group != "apiextensions.k8s.io" {
			continue
		}
		scope := map[string]object.Scope{"Cluster": object.Cluster, "Namespaced": object.Namespaced}[object.String(d, "spec", "scope")]
		scopes[[2]string{object.String(d, "spec", "group"), object.String(d, "spec", "names", "kind")}] = scope
	}
	return scopes
}

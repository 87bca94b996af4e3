package revision

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// references are the fields that hold the name of what has a revised name: of
// a kind, or of that in the sibling field kind; in the namespace of the sibling
// field namespace, or in the object's own.
var references = []struct {
	path []string // [] stands for every element of a list
	kind string
}{
	{[]string{"spec", "scaleTargetRef", "name"}, ""},
	{[]string{"spec", "template", "spec", "serviceAccountName"}, "ServiceAccount"},
	{[]string{"spec", "template", "spec", "serviceAccount"}, "ServiceAccount"},
	{[]string{"spec", "template", "spec", "volumes", "[]", "configMap", "name"}, "ConfigMap"},
	{[]string{"roleRef", "name"}, ""},
	{[]string{"subjects", "[]", "name"}, ""},
	{[]string{"webhooks", "[]", "clientConfig", "service", "name"}, "Service"},
	{[]string{"spec", "policyName"}, "ValidatingAdmissionPolicy"},
	{[]string{"metadata", "labels", "kubernetes.io/service-name"}, "Service"},
}

// name is what a reference tells objects apart by.
type name struct{ kind, namespace, name string }

// nameOf ignores the namespace that some old manifests give cluster-scoped objects.
func nameOf(item *yaml.RNode) name {
	n := name{item.GetKind(), item.GetNamespace(), item.GetName()}
	if object.IsClusterScoped(item) {
		n.namespace = ""
	}
	return n
}

// newName is the object's name with the revision, and whether the charts have
// an object of this name.
func (f Filter) newName(item *yaml.RNode) (string, bool) {
	kind, has := item.GetKind(), item.GetName()
	if !f.owns(item) {
		return "", false
	}
	fill := strings.NewReplacer("{ns}", f.Namespace, "{rev}", f.Revision)
	for _, component := range istio.Components {
		for _, n := range component.Names {
			if !slices.Contains(n.Kinds, kind) || n.Labelled && item.GetLabels()[istio.RevisionLabel] != istio.DefaultRevision {
				continue
			}
			before, after, any := strings.Cut(fill.Replace(n.From), "*")
			switch {
			case !any && has == before:
				return fill.Replace(n.To), true
			case any && len(has) > len(before+after) && strings.HasPrefix(has, before) && strings.HasSuffix(has, after):
				rest := has[len(before) : len(has)-len(after)]
				return strings.ReplaceAll(fill.Replace(n.To), "*", rest), true
			}
		}
	}
	return "", false
}

// owns says whether an object may be the control plane's: it is in its
// namespace or, of cluster scope, calls nobody else's webhook.
func (f Filter) owns(item *yaml.RNode) bool {
	if !object.IsClusterScoped(item) {
		return item.GetNamespace() == f.Namespace
	}
	return !slices.ContainsFunc(object.List(item, "webhooks"), func(w *yaml.RNode) bool {
		return object.String(w, "clientConfig", "service", "namespace") != f.Namespace
	})
}

// follow lets an object's references go where the names went.
func follow(item *yaml.RNode, renamed map[name]string) error {
	for _, r := range references {
		for _, holder := range object.All(item, r.path[:len(r.path)-1]...) {
			field := r.path[len(r.path)-1]
			refers := name{r.kind, object.String(holder, "namespace"), object.String(holder, field)}
			if r.kind == "" {
				refers.kind = object.String(holder, "kind")
			}
			if refers.namespace == "" {
				refers.namespace = item.GetNamespace()
			}
			to, ok := renamed[refers]
			if !ok {
				refers.namespace = ""
				to, ok = renamed[refers]
			}
			if !ok {
				continue
			}
			if err := object.ReplaceText(holder, to, field); err != nil {
				return err
			}
		}
	}
	return nil
}

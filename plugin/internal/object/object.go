// Package object names, finds, makes and places Kubernetes objects that are
// held as YAML nodes.
package object

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// ID is what identifies an object for an API server.
type ID struct{ Group, Kind, Namespace, Name string }

// String is how messages name an object: "Deployment istio-system/istiod".
func (id ID) String() string {
	if id.Namespace == "" {
		return id.Kind + " " + id.Name
	}
	return id.Kind + " " + id.Namespace + "/" + id.Name
}

// IDOf returns o's ID.
func IDOf(o *yaml.RNode) ID {
	group, _ := resid.ParseGroupVersion(o.GetApiVersion())
	return ID{group, o.GetKind(), o.GetNamespace(), o.GetName()}
}

// InField says in which field an error is, and in which of its keys.
func InField(field, key string, err error) error {
	if strings.Contains(key, ".") {
		return fmt.Errorf("%s[%s]: %w", field, key, err)
	}
	return fmt.Errorf("%s.%s: %w", field, key, err)
}

// Of returns the objects of a kind, in order.
func Of(kind string, objects []*yaml.RNode) []*yaml.RNode {
	var found []*yaml.RNode
	for _, o := range objects {
		if o.GetKind() == kind {
			found = append(found, o)
		}
	}
	return found
}

// Containers are those of a workload's Pods.
func Containers(workload *yaml.RNode) []*yaml.RNode {
	return List(workload, "spec", "template", "spec", "containers")
}

// String returns the scalar at a path, or "" where there is none.
func String(n *yaml.RNode, path ...string) string {
	found, err := n.Pipe(yaml.Lookup(path...))
	if err != nil || found == nil || found.YNode().Kind != yaml.ScalarNode {
		return ""
	}
	return found.YNode().Value
}

// List returns the elements of the sequence at a path.
func List(n *yaml.RNode, path ...string) []*yaml.RNode {
	found, err := n.Pipe(yaml.Lookup(path...))
	if err != nil || found == nil || found.YNode().Kind != yaml.SequenceNode {
		return nil
	}
	elements, _ := found.Elements() // fails for other kinds of node only
	return elements
}

// Strings returns the scalars of the sequence at a path.
func Strings(n *yaml.RNode, path ...string) []string {
	var values []string
	for _, e := range List(n, path...) {
		values = append(values, e.YNode().Value)
	}
	return values
}

// StringMap returns the map of scalars at a path.
func StringMap(n *yaml.RNode, path ...string) map[string]string {
	values := map[string]string{}
	found, err := n.Pipe(yaml.Lookup(path...))
	if err != nil || found == nil || found.YNode().Kind != yaml.MappingNode {
		return values
	}
	// kyaml's own VisitFields looks for each key from the start.
	for i, content := 0, found.YNode().Content; i+1 < len(content); i += 2 {
		values[content[i].Value] = content[i+1].Value
	}
	return values
}

// All returns the nodes at a path in which "[]" stands for every element of a
// sequence.
func All(n *yaml.RNode, path ...string) []*yaml.RNode {
	i := slices.Index(path, "[]")
	if i < 0 {
		found, err := n.Pipe(yaml.Lookup(path...))
		if err != nil || found == nil {
			return nil
		}
		return []*yaml.RNode{found}
	}
	var found []*yaml.RNode
	for _, element := range List(n, path[:i]...) {
		found = append(found, All(element, path[i+1:]...)...)
	}
	return found
}

// Set replaces the field at a path of maps by a value, making what is missing.
func Set(n *yaml.RNode, value any, path ...string) error {
	field, err := Node(value)
	if err != nil {
		return err
	}
	parents, last := path[:len(path)-1], path[len(path)-1]
	return n.PipeE(yaml.LookupCreate(yaml.MappingNode, parents...), yaml.SetField(last, field))
}

// Remove deletes the objects for which drop is true.
func Remove(objects []*yaml.RNode, drop func(*yaml.RNode) bool) []*yaml.RNode {
	return slices.DeleteFunc(objects, drop)
}

// Put adds an object that the tenant owns. It replaces the object with the same ID if
// the tenant owns that one, too, because a second run finds the objects of the first.
// If somebody else wrote an object with that ID, it is an error.
func Put(objects []*yaml.RNode, tenant string, value map[string]any) ([]*yaml.RNode, error) {
	made, err := Node(value)
	if err != nil {
		return nil, err
	}
	if err := Label(made, v1alpha1.TenantLabel, tenant); err != nil {
		return nil, err
	}
	id := IDOf(made)
	at := slices.IndexFunc(objects, func(o *yaml.RNode) bool { return IDOf(o) == id })
	if at < 0 {
		return append(objects, made), nil
	}
	if owner := objects[at].GetLabels()[v1alpha1.TenantLabel]; owner != tenant {
		return nil, fmt.Errorf("%s: istio-tenancy generates an object of this name; rename yours or remove it", id)
	}
	for key, text := range objects[at].GetAnnotations() {
		if !IsBookkeeping(key) {
			continue
		}
		if err := made.PipeE(yaml.SetAnnotation(key, text)); err != nil {
			return nil, err
		}
	}
	objects[at].SetYNode(made.YNode())
	return objects, nil
}

// IsBookkeeping says whether an annotation is kustomize's own, which matches
// a function's output to its input by it.
func IsBookkeeping(annotation string) bool {
	return slices.ContainsFunc([]string{
		"internal.config.kubernetes.io/", "config.kubernetes.io/", "config.k8s.io/", "kustomize.config.k8s.io/",
	}, func(prefix string) bool { return strings.HasPrefix(annotation, prefix) })
}

// Label sets a label of the object itself.
func Label(o *yaml.RNode, key, value string) error {
	return Set(o, value, "metadata", "labels", key)
}

// NameLabel is on every Namespace since Kubernetes 1.21, and the API server lets
// nobody change it: unlike any other label, it cannot be used to move a
// namespace. Before, it is a label like any other, and has to be written.
const NameLabel = "kubernetes.io/metadata.name"

// InNamespaces is an element of matchExpressions that selects namespaces by name.
func InNamespaces(names []string) map[string]any {
	return map[string]any{"key": NameLabel, "operator": "In", "values": names}
}

// IsIn says whether an element of matchExpressions is another, which selects by the
// operator In.
func IsIn(expression *yaml.RNode, other map[string]any) bool {
	values, _ := other["values"].([]string)
	return String(expression, "key") == other["key"] && String(expression, "operator") == other["operator"] && slices.Equal(Strings(expression, "values"), values)
}

// New returns an object with further top-level fields.
func New(apiVersion, kind, namespace, name string, fields map[string]any) map[string]any {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	o := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": metadata}
	maps.Copy(o, fields)
	return o
}

// Package snapshot holds what is known of a cluster: objects that are to be applied to
// it, or that were read from it, where each is written, and which tenants they make.
//
//	rendered/sales/manifests.yaml:12  Namespace ns-1  {istio-tenancy.dev/tenant: sales}   ->  tenant sales: istio-system1, ns-1
//	rendered/sales/manifests.yaml:30  Deployment istio-system1/istiod-sales               ->  its control plane: istio-system1
//
// What the API server makes of the objects is said by the packages that read a
// snapshot: authorize, admit, netpol.
package snapshot

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

// Source is where an object is written.
type Source struct {
	// File is as the user named it: an overlay's directory, or a file of YAML.
	File string
	// Line is the line of the object in File, from 1; 0: it is not known, as in an
	// overlay.
	Line int
}

// String is "overlays/sales", or "rendered/sales/manifests.yaml:30".
func (s Source) String() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// Object is an object of the API server.
type Object struct {
	ID     object.ID
	Source Source
	// Content is the whole object, as its JSON decodes: maps, slices, strings, int64,
	// float64 and bool. It is shared, and not to be changed.
	Content map[string]any
	// Reviewed says that an overlay gives the object, with the acceptances that it has: whoever
	// reviews the overlay has read them.
	Reviewed bool

	// Final says that the transformer of the tenant was the last that could change the object:
	// no kustomization over the tenant did.
	Final bool

	overlay string   // the tenant whose overlay gives it; "": none, or the common base has it, too
	words   []uint32 // that may name a namespace; see wordReader
	marked  []string // texts of a shape that have other words in each tenant
}

// String is how messages name an object and say where it is, on one line: "rendered/sales.yaml:30: Role ns-1/web".
func (o *Object) String() string {
	return printable.Text(o.Source.String() + ": " + o.ID.String())
}

// Decode returns an object as its Go type. A field of another type than the API's is
// an error; an unknown field is ignored, as by the API server.
func Decode[T any](o *Object) (value T, err error) {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Content, &value); err != nil {
		return value, fmt.Errorf("%s: %w", o, err)
	}
	return value, nil
}

// Labels are those of the object itself.
func (o *Object) Labels() map[string]string {
	return o.texts("labels")
}

// Annotations are those of the object itself.
func (o *Object) Annotations() map[string]string {
	return o.texts("annotations")
}

func (o *Object) texts(field string) map[string]string {
	metadata, _ := o.Content["metadata"].(map[string]any)
	values, _ := metadata[field].(map[string]any)
	texts := make(map[string]string, len(values))
	for key, value := range values {
		if text, ok := value.(string); ok {
			texts[key] = text
		}
	}
	return texts
}

// Tenant is one tenant, as the objects describe it.
type Tenant struct {
	Name string
	// Source is where the tenant is written.
	Source Source
	// Namespaces are all of the tenant's, that of the control plane included, sorted.
	Namespaces []string
	// ControlPlane is the namespace of the tenant's own control plane; "": it has none.
	ControlPlane string
}

// Has says whether a namespace is the tenant's.
func (t Tenant) Has(namespace string) bool {
	_, found := slices.BinarySearch(t.Namespaces, namespace)
	return found
}

// Snapshot is what is known of a cluster.
type Snapshot struct {
	// Objects are in the order in which they were read.
	Objects []*Object
	// Tenants are sorted by name. A namespace may be in several, which is a finding.
	Tenants []Tenant

	kinds map[kind][]*Object
	ids   map[object.ID]*Object
}

type kind struct{ group, kind string }

// New is a snapshot of objects. Of two objects with the same ID the last one is used,
// as by an API server.
func New(objects []*Object, tenants []Tenant) *Snapshot {
	s := &Snapshot{Objects: objects, Tenants: slices.Clone(tenants), kinds: map[kind][]*Object{}, ids: make(map[object.ID]*Object, len(objects))}
	slices.SortFunc(s.Tenants, func(a, b Tenant) int { return cmp.Compare(a.Name, b.Name) })
	for _, o := range objects {
		s.ids[o.ID] = o
	}
	for _, o := range objects {
		if s.ids[o.ID] == o {
			key := kind{o.ID.Group, o.ID.Kind}
			s.kinds[key] = append(s.kinds[key], o)
		}
	}
	return s
}

// Of are the objects of a kind, in order.
func (s *Snapshot) Of(group, name string) []*Object {
	return s.kinds[kind{group, name}]
}

// Get returns an object, or nil.
func (s *Snapshot) Get(id object.ID) *Object {
	return s.ids[id]
}

package admit

import (
	"context"
	"fmt"
	"maps"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// world is what admission knows of the API server beside its policies.
type world struct {
	interfaces admission.ObjectInterfaces
	snapshot   *snapshot.Snapshot
	defined    func() map[schema.GroupResource][]string
	names      sync.Map // of Namespaces: what namespace made
}

func newWorld(s *snapshot.Snapshot) *world {
	return &world{interfaces: admission.NewObjectInterfacesFromScheme(scheme.Scheme), snapshot: s,
		defined: sync.OnceValue(func() map[schema.GroupResource][]string { return definitions(s) })}
}

// attributes are a request as the API server hands it to admission.
func (w *world) attributes(r Request) (admission.Attributes, error) {
	isNamespace := r.Resource.GroupResource() == schema.GroupResource{Resource: "namespaces"}
	if r.Name == "" {
		r.Name = (&unstructured.Unstructured{Object: r.Object}).GetName()
	}
	if isNamespace {
		r.Namespace = r.Name
	}
	var both [2]runtime.Object
	for i, content := range []map[string]any{r.Object, r.Old} {
		if content == nil {
			continue
		}
		o, err := typed(content, r.Kind)
		if err != nil {
			return nil, fmt.Errorf("%s %s/%s: %w", r.Kind.Kind, r.Namespace, r.Name, err)
		}
		if metadata, err := meta.Accessor(o); err == nil && metadata.GetNamespace() == "" && !isNamespace {
			metadata.SetNamespace(r.Namespace)
		}
		if namespace, ok := o.(*corev1.Namespace); ok {
			named(namespace)
		}
		both[i] = o
	}
	return admission.NewAttributesRecord(both[0], both[1], r.Kind, r.Namespace, r.Name, r.Resource, r.Subresource, r.Operation, nil, false,
		&user.DefaultInfo{Name: r.Subject.User, Groups: r.Subject.Groups}), nil
}

// typed is an object of Kubernetes' own as its Go type, so that what the type has not, and
// what is empty, is not there, as in the API server; of others, it is what it is.
func typed(content map[string]any, kind schema.GroupVersionKind) (runtime.Object, error) {
	o, err := scheme.Scheme.New(kind)
	if err != nil {
		u := &unstructured.Unstructured{Object: maps.Clone(content)}
		if metadata, ok := content["metadata"].(map[string]any); ok {
			u.Object["metadata"] = maps.Clone(metadata)
		}
		u.SetGroupVersionKind(kind)
		return u, nil
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, o); err != nil {
		return nil, err
	}
	o.GetObjectKind().SetGroupVersionKind(kind)
	return o, nil
}

// named gives a Namespace the label that the API server gives it.
func named(n *corev1.Namespace) {
	labels := map[string]string{}
	maps.Copy(labels, n.Labels)
	labels[object.NameLabel] = n.Name
	n.Labels = labels
}

// namespaceOf is the Namespace of what a request is about. The API server gives none to
// an expression about a Namespace object.
func (w *world) namespaceOf(a admission.Attributes) *corev1.Namespace {
	if a.GetNamespace() == "" || a.GetKind() == corev1.SchemeGroupVersion.WithKind("Namespace") {
		return nil
	}
	return w.namespace(a.GetNamespace())
}

// namespace is one of the snapshot's, or one of which nothing is known but its name. It is
// shared.
func (w *world) namespace(name string) *corev1.Namespace {
	if known, ok := w.names.Load(name); ok {
		return known.(*corev1.Namespace)
	}
	found := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if o := w.snapshot.Get(object.ID{Kind: "Namespace", Name: name}); o != nil {
		found.Labels, found.Annotations = o.Labels(), o.Annotations()
	}
	found.Status.Phase = corev1.NamespaceActive
	named(found)
	w.names.Store(name, found)
	return found
}

// namespaces has every Namespace that is asked for.
type namespaces struct{ world *world }

func (n namespaces) Get(name string) (*corev1.Namespace, error) { return n.world.namespace(name), nil }

// List is not asked for by what matches a request.
func (n namespaces) List(selector labels.Selector) (found []*corev1.Namespace, err error) {
	for _, o := range n.world.snapshot.Of("", "Namespace") {
		if one := n.world.namespace(o.ID.Name); selector.Matches(labels.Set(one.Labels)) {
			found = append(found, one)
		}
	}
	return found, nil
}

// bridge lets expressions ask RBAC.
type bridge struct{ *authorize.Authorizer }

func (b bridge) Authorize(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	r := authorize.Request{Verb: a.GetVerb(), Path: a.GetPath()}
	if a.IsResourceRequest() {
		r = authorize.Request{Verb: a.GetVerb(), Group: a.GetAPIGroup(), Resource: a.GetResource(), Subresource: a.GetSubresource(), Namespace: a.GetNamespace(), Name: a.GetName()}
	}
	if u := a.GetUser(); u != nil {
		r.Subject = authorize.Subject{User: u.GetName(), Groups: u.GetGroups()}
	}
	if b.Decide(r).Allowed {
		return authorizer.DecisionAllow, "", nil
	}
	return authorizer.DecisionNoOpinion, "", nil
}

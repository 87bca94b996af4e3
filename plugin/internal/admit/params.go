package admit

import (
	"cmp"
	"errors"
	"fmt"

	v1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// params are the objects that a binding hands to the expressions of its policy, for a
// request in a namespace: each is evaluated by itself. Without any to hand over, it is
// evaluated once, with nil.
func (w *world) params(kind *v1.ParamKind, ref *v1.ParamRef, namespace string) ([]runtime.Object, error) {
	if kind == nil || ref == nil {
		return []runtime.Object{nil}, nil
	}
	version, err := schema.ParseGroupVersion(kind.APIVersion)
	if err != nil {
		return nil, fmt.Errorf("spec.paramKind.apiVersion: %w", err)
	}
	namespaced, err := w.namespaced(version.WithKind(kind.Kind))
	switch {
	case err != nil:
		return nil, err
	case !namespaced && ref.Namespace != "":
		return nil, fmt.Errorf("spec.paramRef.namespace: found %s: must not be there, since %s has no namespaces", ref.Namespace, kind.Kind)
	case !namespaced:
		namespace = ""
	case ref.Namespace != "":
		namespace = ref.Namespace
	case namespace == "":
		return nil, errors.New("spec.paramRef.namespace: is missing: the request is in no namespace in which a parameter could be")
	}
	found, err := w.referred(version.WithKind(kind.Kind), ref, namespace)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && ref.ParameterNotFoundAction != nil && *ref.ParameterNotFoundAction == v1.DenyAction {
		return nil, errors.New("no params found for policy binding with `Deny` parameterNotFoundAction")
	}
	var params []runtime.Object
	for _, o := range found {
		param, err := typed(o.Content, version.WithKind(kind.Kind))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.ID, err)
		}
		params = append(params, param)
	}
	return params, nil
}

// referred are the objects that a reference names or selects.
func (w *world) referred(kind schema.GroupVersionKind, ref *v1.ParamRef, namespace string) (found []*snapshot.Object, err error) {
	var selector labels.Selector
	switch {
	case ref.Name != "":
		if o := w.snapshot.Get(object.ID{Group: kind.Group, Kind: kind.Kind, Namespace: namespace, Name: ref.Name}); o != nil {
			found = append(found, o)
		}
		return found, nil
	case ref.Selector == nil:
		return nil, errors.New("spec.paramRef: has neither name nor selector: must have one")
	default:
		if selector, err = metav1.LabelSelectorAsSelector(ref.Selector); err != nil {
			return nil, fmt.Errorf("spec.paramRef.selector: %w", err)
		}
	}
	for _, o := range w.snapshot.Of(kind.Group, kind.Kind) {
		if o.ID.Namespace == namespace && selector.Matches(labels.Set(o.Labels())) {
			found = append(found, o)
		}
	}
	return found, nil
}

// namespaced says whether objects of a kind are in a namespace: by what is known of it,
// or by its CustomResourceDefinition.
func (w *world) namespaced(kind schema.GroupVersionKind) (bool, error) {
	for _, o := range w.snapshot.Of("apiextensions.k8s.io", "CustomResourceDefinition") {
		spec, _ := o.Content["spec"].(map[string]any)
		names, _ := spec["names"].(map[string]any)
		if spec["group"] == kind.Group && names["kind"] == kind.Kind {
			return spec["scope"] != "Cluster", nil
		}
	}
	o, err := object.Node(object.New(kind.GroupVersion().String(), kind.Kind, "", "x", nil))
	if err != nil {
		return false, err
	}
	switch object.ScopeOf(o) {
	case object.Namespaced:
		return true, nil
	case object.Cluster:
		return false, nil
	}
	return false, fmt.Errorf("spec.paramKind: %s is not known", cmp.Or(kind.Kind, "a kind without a name"))
}

package admit

import (
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// served says under which other names the API server serves what a request is about: in
// other versions, and events in another group. A policy with the matchPolicy Equivalent
// meets a request by any of them.
type served struct {
	admission.ObjectInterfaces
	world    *world
	resource schema.GroupVersionResource
	kind     schema.GroupVersionKind
}

func (w *world) servedAs(a admission.Attributes) served {
	return served{w.interfaces, w, a.GetResource(), a.GetKind()}
}

func (s served) GetEquivalentResourceMapper() runtime.EquivalentResourceMapper { return s }
func (s served) GetObjectCreater() runtime.ObjectCreater                       { return retyped{} }
func (s served) GetObjectConvertor() runtime.ObjectConvertor {
	return retyped{s.ObjectInterfaces.GetObjectConvertor()}
}

// EquivalentResourcesFor are all names of the request's resource.
func (s served) EquivalentResourcesFor(r schema.GroupVersionResource, _ string) []schema.GroupVersionResource {
	groups := []string{r.Group}
	if r.Resource == "events" && (r.Group == "" || r.Group == "events.k8s.io") {
		groups = []string{"", "events.k8s.io"}
	}
	var all []schema.GroupVersionResource
	for _, group := range groups {
		for _, version := range s.versions(group) {
			all = append(all, schema.GroupVersionResource{Group: group, Version: version, Resource: r.Resource})
		}
	}
	return all
}

// KindFor is the request's kind under another name. The kind of a subresource may be of
// a group of its own, which has no other version.
func (s served) KindFor(r schema.GroupVersionResource, _ string) schema.GroupVersionKind {
	if s.kind.Group != s.resource.Group {
		return s.kind
	}
	return schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: s.kind.Kind}
}

// versions are those of the resource in a group. Of Kubernetes' own, an API server serves
// the stable ones, unless it is told otherwise.
func (s served) versions(group string) []string {
	var versions []string
	for _, v := range scheme.Scheme.PrioritizedVersionsForGroup(group) {
		if !strings.Contains(v.Version, "alpha") && !strings.Contains(v.Version, "beta") && scheme.Scheme.Recognizes(v.WithKind(s.kind.Kind)) {
			versions = append(versions, v.Version)
		}
	}
	return append(versions, s.world.defined()[schema.GroupResource{Group: group, Resource: s.resource.Resource}]...)
}

// definitions are the versions that the CustomResourceDefinitions of a snapshot serve.
func definitions(s *snapshot.Snapshot) map[schema.GroupResource][]string {
	all := map[schema.GroupResource][]string{}
	for _, o := range s.Of("apiextensions.k8s.io", "CustomResourceDefinition") {
		resource := schema.ParseGroupResource(o.ID.Name)
		spec, _ := o.Content["spec"].(map[string]any)
		versions, _ := spec["versions"].([]any)
		for _, v := range versions {
			if v, ok := v.(map[string]any); ok && v["served"] == true {
				name, _ := v["name"].(string)
				all[resource] = append(all[resource], name)
			}
		}
	}
	return all
}

// retyped makes an object of one version of its kind one of another, by the fields that
// both have.
type retyped struct{ runtime.ObjectConvertor }

func (retyped) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	return typed(map[string]any{}, kind)
}

func (retyped) Convert(in, out, _ any) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(in)
	if err != nil {
		return err
	}
	if u, ok := out.(*unstructured.Unstructured); ok {
		u.Object = maps.Clone(content)
		return nil
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(content, out)
}

package admit

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/limits"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// The keys of this program's group, by the field of the metadata that is read.
var (
	annotations = slices.Concat([]string{v1alpha1.AdoptAnnotation}, ofPlane, setAnnotations)
	labels      = []string{v1alpha1.TenantLabel, v1alpha1.PartLabel, v1alpha1.InjectionLabel, v1alpha1.MeshLabel, v1alpha1.RevisionLabel}
	// ofPlane are annotations that are read on the control plane's Deployment alone.
	ofPlane = []string{v1alpha1.APIProxyImageAnnotation, controlplane.VersionAnnotation}
	// setAnnotations, and the label of a mesh, are on the Namespaces that this program makes.
	setAnnotations = []string{v1alpha1.NamespacesAnnotation, v1alpha1.AllowFromAnnotation}
)

// marks refuses annotations and labels of this program's group that nobody reads
// where they are: whoever wrote them would find them ignored.
func marks(plane controlplane.ControlPlane, o *yaml.RNode, limited limits.Marks) error {
	metadata := [][]string{{"metadata"}}
	if _, path := object.PodSpec(o); path != "" && path != "spec" {
		metadata = append(metadata, append(strings.Split(strings.TrimSuffix(path, ".spec"), "."), "metadata"))
	}
	for i, at := range metadata {
		for _, field := range []struct {
			name, otherName string
			known, other    []string
			limited         map[string]string
		}{{"annotations", "labels", annotations, labels, limited.Annotations}, {"labels", "annotations", labels, annotations, limited.Labels}} {
			values := object.StringMap(o, append(slices.Clone(at), field.name)...)
			for _, key := range sorted(values) {
				where := fmt.Sprintf("%s.%s[%s]: found %q", strings.Join(at, "."), field.name, key, values[key])
				onPlane := i == 0 && plane.Deployment != nil && o.YNode() == plane.Deployment.YNode()
				value, set := field.limited[key]
				switch asks := limits.FieldOf(key); {
				case asks != "" && set && value == values[key] && o.GetKind() == "Namespace": // by an earlier run
				case asks != "":
					return fmt.Errorf("%s, which is set for you on the tenant's Namespaces: remove it, and set %s of the tenant instead", where, asks)
				case slices.Contains(ofPlane, key) && (!onPlane || field.name == "labels") && plane.Deployment != nil:
					return fmt.Errorf("%s, which has no effect here: must be an annotation in metadata.annotations of the control plane's %s",
						where, object.IDOf(plane.Deployment))
				case key == v1alpha1.InjectionLabel && field.name == "labels" && (o.GetKind() != "Namespace" || values[key] != v1alpha1.InjectionOnRequest):
					return fmt.Errorf("%s, which has no effect: must be %q, and on a Namespace", where, v1alpha1.InjectionOnRequest)
				case key == v1alpha1.RevisionLabel && (i > 0 || o.GetLabels()[v1alpha1.TenantLabel] == ""):
					return fmt.Errorf("%s, which this program sets on the objects of one of several control planes: remove it", where)
				case (key == v1alpha1.MeshLabel || slices.Contains(setAnnotations, key)) && o.GetLabels()[v1alpha1.TenantLabel] == "":
					return fmt.Errorf("%s, which this program sets on the Namespaces of a mesh that several tenants share: remove it", where)
				case slices.Contains(field.other, key):
					return fmt.Errorf("%s, which has no effect among the %s: must be in metadata.%s", where, field.name, field.otherName)
				case !slices.Contains(field.known, key):
					return fmt.Errorf("%s: unknown key of %s%s", where, v1alpha1.Group, suggest.Question(short(key)[0], short(field.known...)))
				}
			}
		}
	}
	return nil
}

// short are keys without the group, which all of them have alike.
func short(keys ...string) (names []string) {
	for _, key := range keys {
		names = append(names, strings.TrimPrefix(key, v1alpha1.Group+"/"))
	}
	return names
}

// sorted are the keys of this program's group, in order.
func sorted(values map[string]string) (keys []string) {
	for key := range values {
		if strings.HasPrefix(key, v1alpha1.Group+"/") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

package scope

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/object"
)

// nameLabel is on every Namespace, and the API server lets nobody change it:
// unlike any other label, it cannot be used to move a namespace into a mesh.
const nameLabel = "kubernetes.io/metadata.name"

// in selects namespaces by name.
func in(namespaces []string) map[string]any {
	return map[string]any{"key": nameLabel, "operator": "In", "values": namespaces}
}

// mesh edits the MeshConfig, YAML that a ConfigMap holds as text.
func (f Filter) mesh(objects []*yaml.RNode) error {
	found := false
	for _, o := range object.Of("ConfigMap", objects) {
		text := object.String(o, "data", "mesh")
		if text == "" || o.GetNamespace() != f.Tenant.Spec.ControlPlane.Namespace {
			continue
		}
		found = true
		edited, err := f.editMesh(text)
		if err != nil {
			return fmt.Errorf("%s: data.mesh: %w", object.IDOf(o), err)
		}
		if err := o.PipeE(yaml.Lookup("data", "mesh"), yaml.Set(yaml.NewStringRNode(edited))); err != nil {
			return err
		}
	}
	if !found {
		return errors.New("no ConfigMap in the control plane's namespace has data.mesh; " +
			"istiod needs the mesh configuration that Istio's charts call \"istio\"")
	}
	return nil
}

func (f Filter) editMesh(text string) (string, error) {
	mesh, err := yaml.Parse(text)
	if err != nil {
		return "", err
	}
	for _, field := range []struct {
		name  string
		value any
	}{
		// Even where istiod does not watch it: in its root namespace, istiod takes
		// every PeerAuthentication for a mesh-wide one, and ignores its selector.
		{"rootNamespace", f.Tenant.Spec.ControlPlane.Namespace},
		{"trustDomain", f.Tenant.Spec.ControlPlane.TrustDomain},
		{"discoverySelectors", f.selectors()},
	} {
		if field.value == nil {
			err = mesh.PipeE(yaml.Clear(field.name))
		} else {
			err = object.Set(mesh, field.value, field.name)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", field.name, err)
		}
	}
	edited, err := mesh.String()
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(text, "\n") {
		edited = strings.TrimSuffix(edited, "\n")
	}
	return edited, nil
}

// selectors are nil where istiod is limited otherwise: a base's own would only
// hide some of the tenant's namespaces.
func (f Filter) selectors() any {
	if f.Plan.Dialect != v1alpha1.DiscoverySelectors {
		return nil
	}
	return []any{map[string]any{"matchExpressions": []any{in(f.Plan.Watch)}}}
}

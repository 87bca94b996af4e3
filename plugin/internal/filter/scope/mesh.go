package scope

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

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

// meshField is a setting of the mesh that a tenant's control plane needs.
type meshField struct {
	name string
	// value of nil takes the field away.
	value func(Filter) any
	// when says whether a plan's version knows the field, and needs it. Up to
	// 1.0 Pilot refuses a mesh with fields that it does not know.
	when func(discovery.Plan) bool
}

// meshFields are in the order in which they are added. Source: istio/api
// mesh/v1alpha1/config.proto of the versions named.
var meshFields = []meshField{
	// Even where istiod does not watch it: in its root namespace, istiod takes
	// every PeerAuthentication for a mesh-wide one, and ignores its selector.
	{
		name:  "rootNamespace",
		value: func(f Filter) any { return f.Tenant.Spec.ControlPlane.Namespace },
		when:  since("1.1"),
	},
	// Before istiod, the CA and the proxies were told apart from Pilot. Each
	// tenant's CA has a root of its own all the same.
	{name: "trustDomain", value: func(f Filter) any { return trustDomain(f) }, when: discovery.Plan.Revisions},
	// Nil where istiod is limited otherwise: a base's own would only hide some of
	// the tenant's namespaces.
	{name: "discoverySelectors", value: Filter.selectors, when: since("1.10")},
	// Galley would serve Pilot the whole cluster's configuration. Without it,
	// Pilot reads what --appNamespace lets it.
	{
		name:  "configSources",
		value: func(Filter) any { return nil },
		when:  func(p discovery.Plan) bool { return !p.Revisions() },
	},
	// The Ingresses that name the tenant's class, and no others.
	{name: "ingressControllerMode", value: func(f Filter) any { return f.ingress.mode }, when: ownIngressClass},
	{name: "ingressClass", value: func(f Filter) any { return f.ingressClass() }, when: ownIngressClass},
}

func since(minor string) func(discovery.Plan) bool {
	return func(p discovery.Plan) bool { return p.AtLeast(minor) }
}

func (f Filter) editMesh(text string) (string, error) {
	return editYAML(text, func(mesh *yaml.RNode) error {
		for _, field := range meshFields {
			if !field.when(f.Plan) {
				continue
			}
			var err error
			if value := field.value(f); value == nil {
				err = mesh.PipeE(yaml.Clear(field.name))
			} else {
				err = object.Set(mesh, value, field.name)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", field.name, err)
			}
		}
		return nil
	})
}

// editYAML edits YAML that is kept as text, and keeps how it ends.
func editYAML(text string, edit func(*yaml.RNode) error) (string, error) {
	node, err := yaml.Parse(text)
	if err != nil {
		return "", err
	}
	if err := edit(node); err != nil {
		return "", err
	}
	edited, err := node.String()
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(text, "\n") {
		edited = strings.TrimSuffix(edited, "\n")
	}
	return edited, nil
}

func (f Filter) selectors() any {
	if !f.Plan.Selects {
		return nil
	}
	return []any{map[string]any{"matchExpressions": []any{object.InNamespaces(f.Plan.Watch)}}}
}

package scope

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// mesh edits the MeshConfig, YAML that a ConfigMap holds as text.
func (f Filter) mesh(objects []*yaml.RNode) error {
	found, services := false, f.Tenant.Services(objects)
	var errs []error
	for _, o := range object.Of("ConfigMap", objects) {
		if o.GetNamespace() != f.Tenant.Own() || object.String(o, "data", istio.MeshKey) == "" {
			continue
		}
		found = true
		edit := func(mesh *yaml.RNode) error {
			f.warnOfMesh(object.IDOf(o), mesh)
			if err := f.checkAddress(mesh, services); err != nil {
				return err
			}
			return f.editMesh(mesh)
		}
		if err := editKey(o, istio.MeshKey, edit); err != nil {
			errs = append(errs, err)
		}
	}
	if !found {
		return fmt.Errorf("no ConfigMap in the control plane's namespace has data.%s; "+
			"the control plane needs the mesh configuration that Istio's charts call %q", istio.MeshKey, istio.MeshConfigMap)
	}
	return errors.Join(errs...)
}

func (f Filter) editMesh(mesh *yaml.RNode) error {
	for _, component := range f.Tenant.Components() {
		for _, s := range component.Mesh {
			if !f.Tenant.Needs(s.Range, s.Modes) || s.Shared && !f.Tenant.Hosts() {
				continue
			}
			if other := snake(s.Name); other != s.Name && mesh.Field(other) != nil {
				return fmt.Errorf("%s: is %s in another spelling, and a mesh has one of the two: write %[2]s", other, s.Name)
			}
			if err := f.setSetting(mesh, s); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
		}
	}
	return nil
}

// snake is a field's name in protobuf, which Istio also reads.
func snake(name string) string {
	return capital.ReplaceAllStringFunc(name, func(letter string) string { return "_" + strings.ToLower(letter) })
}

var capital = regexp.MustCompile("[A-Z]")

func (f Filter) setSetting(mesh *yaml.RNode, s istio.Setting) error {
	switch {
	case s.Remove:
		return mesh.PipeE(yaml.Clear(s.Name))
	case s.Watched:
		return object.Set(mesh, []any{map[string]any{"matchExpressions": []any{f.Tenant.Select(f.Tenant.Watch)}}}, s.Name)
	case len(s.List) > 0:
		return object.Set(mesh, s.List, s.Name)
	}
	if slices.Contains(s.Keeps, object.String(mesh, s.Name)) {
		return nil
	}
	return object.Set(mesh, f.Tenant.Values().Expand(s.Value), s.Name)
}

// editKey edits YAML that a key of a ConfigMap holds as text.
func editKey(configMap *yaml.RNode, key string, edit func(*yaml.RNode) error) error {
	edited, err := editYAML(object.String(configMap, "data", key), edit)
	if err == nil {
		err = configMap.PipeE(yaml.Lookup("data", key), yaml.Set(yaml.NewStringRNode(edited)))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", object.IDOf(configMap), object.InField("data", key, err))
	}
	return nil
}

// editYAML edits YAML that is kept as text, and keeps how it ends.
func editYAML(text string, edit func(*yaml.RNode) error) (string, error) {
	node, err := strictyaml.Parse(text)
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

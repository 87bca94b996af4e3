package identify

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// openings names what may let others say who is a member of the mesh: it may be
// meant, and is left as it is.
func (f Filter) openings(objects []*yaml.RNode) error {
	if f.Tenant.Plane.Deployment == nil {
		return nil
	}
	id := object.IDOf(f.Tenant.Plane.Deployment)
	f.warnOfArguments(id)
	f.warnOfVariables(id)
	f.warnOfDirectory(id, objects)
	return f.warnOfMesh(objects)
}

func (f Filter) warnOfArguments(id object.ID) {
	container := f.Tenant.Plane.Container
	command := object.Strings(container, "command")
	if len(command) > 0 && path.Base(command[0]) != f.identity.Openings.Program {
		f.Tenant.Warn("%s: command: found %q, which may run anything before or instead of %s: whether only the tenant joins its mesh is not checked",
			id, command[0], f.identity.Openings.Program)
	}
	words := slices.Concat(command, object.Strings(container, "args"))
	for _, o := range f.identity.Openings.Arguments {
		if slices.ContainsFunc(words, func(word string) bool { return word == o.Name || strings.HasPrefix(word, o.Name+"=") }) {
			f.Tenant.Warn("%s: argument %s: %s", id, o.Name, o.Why)
		}
	}
	for _, word := range words {
		if expanded.MatchString(word) {
			f.Tenant.Warn("%s: argument %q: Kubernetes puts a variable's value there, which may be any argument: write the value itself", id, word)
		}
	}
}

// expanded matches a word that may become another argument.
var expanded = regexp.MustCompile(`^\$\(|^-[^=]*\$\(`)

func (f Filter) warnOfVariables(id object.ID) {
	container := f.Tenant.Plane.Container
	if len(object.List(container, "envFrom")) > 0 {
		f.Tenant.Warn("%s: envFrom: the variables that it sets are not known here: none may decide who is a member of the mesh; write them under env", id)
	}
	for _, v := range object.List(container, "env") {
		name := object.String(v, "name")
		if slices.ContainsFunc(f.identity.Variables, func(v istio.Variable) bool { return v.Name == name }) {
			continue // it has the tenant's value
		}
		for _, o := range f.identity.Openings.Variables {
			named := name == o.Name || o.Prefix && strings.HasPrefix(name, o.Name)
			if named && (v.Field("valueFrom") != nil || !slices.Contains(append(o.Usual, ""), object.String(v, "value"))) {
				f.Tenant.Warn("%s: env %s: %s", id, name, o.Why)
			}
		}
	}
}

// twice refuses variables of the control plane that are there twice, of which
// the last holds.
func (f Filter) twice() error {
	if f.Tenant.Plane.Deployment == nil {
		return nil
	}
	var errs []error
	seen := map[string]bool{}
	for _, v := range object.List(f.Tenant.Plane.Container, "env") {
		name := object.String(v, "name")
		if seen[name] {
			errs = append(errs, fmt.Errorf("%s: env %s: is set twice, and Kubernetes uses the last one: must be set once",
				object.IDOf(f.Tenant.Plane.Deployment), name))
		}
		seen[name] = true
	}
	return errors.Join(errs...)
}

// warnOfDirectory names what is mounted where the mesh's configuration is, and
// is no ConfigMap of it.
func (f Filter) warnOfDirectory(id object.ID, objects []*yaml.RNode) {
	directory := f.identity.Openings.Directory
	for _, m := range object.List(f.Tenant.Plane.Container, "volumeMounts") {
		at := path.Clean(object.String(m, "mountPath"))
		if !within(at, directory) && !within(directory, at) {
			continue
		}
		for _, v := range object.List(f.Tenant.Plane.Deployment, "spec", "template", "spec", "volumes") {
			if object.String(v, "name") != object.String(m, "name") {
				continue
			}
			name := object.String(v, "configMap", "name")
			known := slices.ContainsFunc(object.Of("ConfigMap", objects), func(o *yaml.RNode) bool {
				return o.GetNamespace() == f.Tenant.Own() && o.GetName() == name && object.String(o, "data", istio.MeshKey) != ""
			})
			if !known {
				f.Tenant.Warn("%s: volumeMounts: found %s, where the mesh's configuration is read, and the volume %q is no ConfigMap with data.%s "+
					"among the objects: nothing of it is checked", id, at, object.String(v, "name"), istio.MeshKey)
			}
		}
	}
}

// within says whether a path is a directory or below it.
func within(at, directory string) bool {
	return at == directory || strings.HasPrefix(at, strings.TrimSuffix(directory, "/")+"/")
}

// warnOfMesh names fields of the mesh's configuration. One in base64 is refused,
// since nothing of it is read.
func (f Filter) warnOfMesh(objects []*yaml.RNode) error {
	var errs []error
	for _, o := range object.Of("ConfigMap", objects) {
		if o.GetNamespace() != f.Tenant.Own() {
			continue
		}
		if object.String(o, "binaryData", istio.MeshKey) != "" {
			errs = append(errs, fmt.Errorf("%s: binaryData.%s: is the mesh's configuration, and must be text: write it under data", object.IDOf(o), istio.MeshKey))
		}
		mesh, err := strictyaml.Parse(object.String(o, "data", istio.MeshKey))
		if err != nil || mesh.YNode() == nil || mesh.YNode().Kind != yaml.MappingNode {
			continue // an earlier step says so
		}
		for _, opening := range f.identity.Openings.Mesh {
			for _, name := range []string{opening.Name, snake(opening.Name)} {
				if field := mesh.Field(name); field != nil && !empty(field.Value) {
					f.Tenant.Warn("%s: data.%s: %s: %s", object.IDOf(o), istio.MeshKey, name, opening.Why)
					break
				}
			}
		}
	}
	return errors.Join(errs...)
}

func empty(n *yaml.RNode) bool {
	return yaml.IsMissingOrNull(n) || n.YNode().Kind != yaml.ScalarNode && len(n.Content()) == 0
}

// snake is a field's name in protobuf, which Istio also reads.
func snake(name string) string {
	return capital.ReplaceAllStringFunc(name, func(letter string) string { return "_" + strings.ToLower(letter) })
}

var capital = regexp.MustCompile("[A-Z]")

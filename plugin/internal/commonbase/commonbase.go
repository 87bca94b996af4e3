// Package commonbase distinguishes a common base, which is deployed once per cluster, from
// the base of a tenant's overlay. The name of a base proves nothing; the objects of every
// common base do:
//
//	kind: CustomResourceDefinition      name: gateways.networking.istio.io
//	kind: ValidatingAdmissionPolicy     name: istio-tenancy-pods
//	kind: IstioRelease                  spec.part: common                    before it is rendered
package commonbase

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// Of are the objects that only a common base has.
func Of(objects []*yaml.RNode) []object.ID {
	var found []object.ID
	for _, o := range objects {
		if id := object.IDOf(o); tells(id, o) {
			found = append(found, id)
		}
	}
	return found
}

func tells(id object.ID, o *yaml.RNode) bool {
	switch id.Kind {
	case "CustomResourceDefinition":
		return strings.HasSuffix(id.Name, istio.Domain)
	case "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ClusterRole":
		return strings.HasPrefix(id.Name, rules)
	case v1alpha1.KindRelease:
		return object.String(o, "spec", "part") == string(v1alpha1.PartCommon)
	}
	return false
}

// rules begins the names of what keeps tenants apart.
const rules = "istio-tenancy-"

// In returns the first such object of the kustomization in a directory, or of its
// resources, and the file that has it; "" if there is none. Files that do not exist,
// are on another host or are not YAML are ignored.
func In(dir string) (file string, found object.ID) {
	return search{}.directory(filepath.Clean(dir))
}

// search has the directories that were looked at.
type search map[string]bool

func (s search) directory(dir string) (string, object.ID) {
	if s[dir] {
		return "", object.ID{}
	}
	s[dir] = true
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		text, err := regular.Read(filepath.Join(dir, name), regular.LargestConfiguration)
		var k types.Kustomization
		if err != nil || k.Unmarshal(text) != nil {
			continue
		}
		k.FixKustomization()
		for _, entry := range slices.Concat(k.Generators, k.Resources, k.Components) {
			if file, found := s.entry(filepath.Join(dir, entry)); file != "" {
				return file, found
			}
		}
	}
	return "", object.ID{}
}

func (s search) entry(path string) (string, object.ID) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return s.directory(path)
	}
	text, err := regular.Read(path, regular.LargestFile)
	if err != nil {
		return "", object.ID{}
	}
	objects, err := strictyaml.Objects(text)
	if err != nil {
		return "", object.ID{}
	}
	if found := Of(objects); len(found) > 0 {
		return path, found[0]
	}
	return "", object.ID{}
}

package split

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/bases"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

const kustomization = "kustomization.yaml"

// tenancy is where the rules that keep tenants apart are in bases.Tenancy, and
// where they go below Common.
const tenancy = "tenancy"

// about is what each part's kustomization says of itself.
var about = map[string]string{
	Common: "What is deployed once per cluster, before the first tenant, and the rules that\n# keep tenants apart.",
	ControlPlane: "What is deployed once per tenant. Its namespace is a placeholder that no API server\n" +
		"# accepts; an overlay with an IstioTenant replaces it.",
}

// files returns what to write, by path below the directory.
func (s *Summary) files(common, control []*yaml.RNode) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(bases.Tenancy, tenancy, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		to := path.Join(Common, file)
		s.Added = append(s.Added, to)
		files[to], err = fs.ReadFile(bases.Tenancy, file)
		return err
	})
	if err != nil {
		return nil, err
	}
	added, err := s.addMissing(files, common)
	if err != nil {
		return nil, err
	}
	if err := s.part(files, Common, common, append(added, tenancy)...); err != nil {
		return nil, err
	}
	return files, s.part(files, ControlPlane, control)
}

// part adds a kustomization of objects, one file per kind, and of more.
func (s *Summary) part(files map[string][]byte, part string, objects []*yaml.RNode, more ...string) error {
	header := fmt.Sprintf("# From %s, Istio %s, by istio-tenancy split.\n", printable.Text(filepath.Base(s.Name)), s.Version)
	byFile := map[string][]*yaml.RNode{}
	var resources []string
	for _, o := range inOrder(objects) {
		file := strings.ToLower(o.GetKind()) + ".yaml"
		if file == kustomization {
			return fmt.Errorf("%s: is no part of Istio; split what `kustomize build` makes of it", object.IDOf(o))
		}
		if byFile[file] == nil {
			resources = append(resources, file)
		}
		byFile[file] = append(byFile[file], o)
	}
	for file, objects := range byFile {
		text, err := manifest.Write(objects)
		if err != nil {
			return err
		}
		files[path.Join(part, file)] = append([]byte(header+"---\n"), text...)
	}
	files[path.Join(part, kustomization)] = []byte(header + "# " + about[part] + "\n" +
		"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- " +
		strings.Join(append(resources, more...), "\n- ") + "\n")
	return nil
}

// inOrder sorts objects by kind, in kustomize's order: what others need comes
// first, webhooks last. Within a kind, the manifest's order stays.
func inOrder(objects []*yaml.RNode) []*yaml.RNode {
	rank := func(o *yaml.RNode) resid.Gvk { return resid.Gvk{Kind: o.GetKind()} }
	return slices.SortedStableFunc(slices.Values(objects), func(a, b *yaml.RNode) int {
		switch x, y := rank(a), rank(b); {
		case x.IsLessThan(y):
			return -1
		case y.IsLessThan(x):
			return 1
		}
		return cmp.Compare(a.GetKind(), b.GetKind())
	})
}

package split

import (
	"path"
	"slices"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// addMissing adds what s.Version waits for and objects do not have to files, and
// returns the resources that the kustomization of Common has to name.
func (s *Summary) addMissing(files map[string][]byte, objects []*yaml.RNode) (resources []string, err error) {
	version, err := semver.NewVersion(s.Version)
	if err != nil {
		return nil, err
	}
	for _, m := range istio.MissingDefinitions {
		defined := slices.ContainsFunc(object.Of("CustomResourceDefinition", objects), func(o *yaml.RNode) bool {
			return o.GetName() == m.Name
		})
		if defined || !m.Holds(version) {
			continue
		}
		to := path.Join(Common, m.File)
		files[to], resources = []byte(m.Text), append(resources, m.File)
		s.Added = append(s.Added, to)
	}
	return resources, nil
}

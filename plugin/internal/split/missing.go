package split

import (
	"path"
	"slices"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// missing are CustomResourceDefinitions that the control planes of some versions
// wait for, and that Istio's own files of those versions do not have.
var missing = []struct {
	// since and before are minor versions; before is exclusive.
	since, before string
	// name of the definition; file is where it goes below Common.
	name, file string
	text       string
}{
	{
		// Sources: pkg/config/schemas/schemas.gen.go of Istio 1.4.10 (group, version,
		// ClusterScoped), pilot/pkg/config/kube/crd/types.gen.go (names), and
		// pilot/pkg/bootstrap/server.go (Pilot waits until it has listed every kind).
		// 1.3 does not have it, and 1.5 makes it of other objects in its memory. The
		// API version is that of the other definitions of 1.4: it is served wherever
		// a Pilot of 1.4 runs.
		since: "1.4", before: "1.5",
		name: "syntheticserviceentries.networking.istio.io", file: "customresourcedefinition-syntheticserviceentries.yaml",
		text: `# Istio's own files do not have this definition. Added by istio-tenancy split:
# Pilot 1.4 lists SyntheticServiceEntries, and is not ready before it has. There
# are none, and nobody has to write any.
apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata:
  name: syntheticserviceentries.networking.istio.io
spec:
  group: networking.istio.io
  names:
    kind: SyntheticServiceEntry
    listKind: SyntheticServiceEntryList
    plural: syntheticserviceentries
    singular: syntheticserviceentry
  scope: Cluster
  versions:
  - name: v1alpha3
    served: true
    storage: true
`,
	},
}

// addMissing adds what s.Version waits for and objects do not have to files, and
// returns the resources that the kustomization of Common has to name.
func (s *Summary) addMissing(files map[string][]byte, objects []*yaml.RNode) (resources []string, err error) {
	version, err := semver.NewVersion(s.Version)
	if err != nil {
		return nil, err
	}
	plan := discovery.Plan{Version: version}
	for _, m := range missing {
		defined := slices.ContainsFunc(object.Of("CustomResourceDefinition", objects), func(o *yaml.RNode) bool {
			return o.GetName() == m.name
		})
		if defined || plan.Before(m.since) || plan.AtLeast(m.before) {
			continue
		}
		to := path.Join(Common, m.file)
		files[to], resources = []byte(m.text), append(resources, m.file)
		s.Added = append(s.Added, to)
	}
	return resources, nil
}

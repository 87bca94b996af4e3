package istio

// MissingDefinitions are CustomResourceDefinitions that the control planes of some versions
// wait for, and that Istio's own files of those versions do not have.
var MissingDefinitions = []struct {
	Range
	// Name of the definition; File is where it goes in the common part of a base.
	Name, File string
	Text       string
}{
	{
		// Sources: pkg/config/schemas/schemas.gen.go of Istio 1.4.10 (group, version,
		// ClusterScoped), pilot/pkg/config/kube/crd/types.gen.go (names), and
		// pilot/pkg/bootstrap/server.go (Pilot waits until it has listed every kind).
		// 1.3 does not have it, and 1.5 makes it of other objects in its memory. The
		// API version is that of the other definitions of 1.4: it is served wherever
		// a Pilot of 1.4 runs.
		Range: Range{Since: "1.4", Before: "1.5"},
		Name:  "syntheticserviceentries.networking.istio.io", File: "customresourcedefinition-syntheticserviceentries.yaml",
		Text: `# Istio's own files do not have this definition. Added by istio-tenancy split:
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

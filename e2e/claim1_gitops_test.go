package e2e

import (
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// ignored are the fields that the Argo CD example leaves to istiod, by kind.
func ignored(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../examples/argocd/tenants.yaml")
	require.NoError(t, err)
	var set struct {
		Spec struct {
			Template struct {
				Spec struct {
					IgnoreDifferences []struct {
						Kind              string   `json:"kind"`
						JQPathExpressions []string `json:"jqPathExpressions"`
					} `json:"ignoreDifferences"`
				} `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	require.NoError(t, yaml.Unmarshal(text, &set))
	paths := map[string][]string{}
	for _, d := range set.Spec.Template.Spec.IgnoreDifferences {
		paths[d.Kind] = append(paths[d.Kind], d.JQPathExpressions...)
	}
	return paths
}

// differences are the paths, in jq's notation, at which what is stored differs
// from what was applied. What was not applied is the API server's default,
// unless somebody adds it later: stored says how it was before istiod ran.
func differences(path string, before, after any) []string {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	switch after := after.(type) {
	case map[string]any:
		before, ok := before.(map[string]any)
		if !ok {
			break
		}
		var found []string
		for key := range after {
			found = append(found, differences(path+"."+key, before[key], after[key])...)
		}
		for key := range before {
			if _, ok := after[key]; !ok {
				found = append(found, path+"."+key)
			}
		}
		return found
	case []any:
		before, ok := before.([]any)
		if !ok || len(before) != len(after) {
			break
		}
		var found []string
		for i := range after {
			found = append(found, differences(path+"[]", before[i], after[i])...)
		}
		return found
	}
	return []string{path}
}

func TestArgoCDIgnoresWhatIstiodWritesAndNothingElse(t *testing.T) {
	c := claims(t, "The Argo CD example ignores exactly the fields that istiod writes into applied objects")
	w := theWorld(t)
	for _, name := range tenantNames {
		c.check(name, func(t *testing.T) {
			tenant := w.tenants[name]
			settled(t, w.cluster, tenant)
			written := map[string][]string{}
			for i, before := range tenant.stored {
				after, err := w.cluster.Admin.Read(before)
				require.NoError(t, err)
				require.Equal(t, cluster.ID(tenant.objects[i]), cluster.ID(before), strconv.Itoa(i))
				for _, path := range differences("", strip(before), strip(after)) {
					if kind := after.GetKind(); !slices.Contains(written[kind], path) {
						written[kind] = append(written[kind], path)
					}
				}
			}
			require.Equal(t, ignored(t), written)
		})
	}
}

// strip leaves out what the API server and Kubernetes' controllers write into
// every object.
func strip(object *cluster.Object) map[string]any {
	o := object.DeepCopy().Object
	delete(o, "status")
	metadata, _ := o["metadata"].(map[string]any)
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		delete(metadata, field)
	}
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		delete(annotations, "deployment.kubernetes.io/revision") // of Kubernetes' own controller
		if len(annotations) == 0 {
			delete(metadata, "annotations")
		}
	}
	return o
}

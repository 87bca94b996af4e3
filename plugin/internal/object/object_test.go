package object_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

func TestAMapOfStrings(t *testing.T) {
	n := yaml.MustParse("{data: {a: b, 1: '2', c: {d: e}}, list: [a]}")
	require.Equal(t, map[string]string{"a": "b", "1": "2", "c": ""}, object.StringMap(n, "data"))
	require.Empty(t, object.StringMap(n, "list"))
	require.Empty(t, object.StringMap(n, "none"))
}

func TestALargeMapOfStringsTakesNoTimePerPairOfKeys(t *testing.T) {
	const keys = 300_000
	all := &yaml.Node{Kind: yaml.MappingNode}
	for i := range keys {
		all.Content = append(all.Content, yaml.NewStringRNode(strconv.Itoa(i)).YNode(), yaml.NewStringRNode("a").YNode())
	}
	n := yaml.MustParse("{data: {}}")
	require.NoError(t, n.PipeE(yaml.SetField("data", yaml.NewRNode(all))))
	began := time.Now()
	require.Len(t, object.StringMap(n, "data"), keys)
	require.Less(t, time.Since(began), 30*time.Second, "it takes a fraction of a second")
}

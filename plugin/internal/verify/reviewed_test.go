package verify

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func TestOnlyAcceptancesOfOverlaysAreReviewed(t *testing.T) {
	of := func(name, annotations string) string {
		return `{apiVersion: v1, kind: Service, metadata: {name: ` + name + `, namespace: ns-1, annotations: {` + annotations + `}}}`
	}
	const accepts, other = `istio-tenancy.dev/accept: "open-network: so it is"`, `istio-tenancy.dev/accept: "foreign-name: mine"`
	v := &verifier{}
	for _, text := range []string{of("as-rendered", accepts), of("changed", accepts), of("added", "")} {
		v.rendered = append(v.rendered, item{decoded(t, text), "sales"})
	}
	var texts [][]byte
	for _, text := range []string{of("as-rendered", accepts+", more: x"), of("changed", other), of("added", other), of("nobodys", accepts)} {
		texts = append(texts, marshal(decoded(t, text)))
	}
	reading, err := snapshot.OfCluster("cluster", texts, nil)
	require.NoError(t, err)
	v.markReviewed(reading)
	for _, o := range reading.Objects {
		require.Equal(t, o.ID.Name == "as-rendered", o.Reviewed, o)
	}
}

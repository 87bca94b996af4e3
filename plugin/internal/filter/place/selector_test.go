package place_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// TestAWorkloadSelectsItsOwnPods is what the API server asks of it.
func TestAWorkloadSelectsItsOwnPods(t *testing.T) {
	const deployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: reviews, namespace: ns-1},
 spec: {selector: {matchLabels: {app: reviews, version: v1}}, template: {metadata: {labels: LABELS}, spec: {containers: [{name: a, image: b}]}}}}`
	with := func(labels string) string { return strings.Replace(deployment, "LABELS", labels, 1) }
	require.Contains(t, objecttest.RunError(t, filter(), with("{app: reviews, version: v2}")),
		`Deployment ns-1/reviews: spec.selector.matchLabels: found version: "v1", which the Pods of spec.template do not have`)
	require.Contains(t, objecttest.RunError(t, filter(), with("{}")), `found app: "reviews"`)
	objecttest.Run(t, filter(), with("{app: reviews, version: v1, more: x}"))
}

package isolate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestABaseFixesNoPortOfTheNodes(t *testing.T) {
	f := filter(t, nil)
	var warnings []string
	f.Warn = func(w string) { warnings = append(warnings, w) }
	const ports = "spec: {type: LoadBalancer, healthCheckNodePort: 30001, ports: [{port: 80, nodePort: 31380}, {port: 443, nodePort: 31390}, {port: 1}]}\n---\n"
	once := objecttest.Run(t, f, istiod+
		"apiVersion: v1\nkind: Service\nmetadata: {name: ingress, namespace: istio-system1, labels: {istio-tenancy.dev/part: gateway}}\n"+ports+
		"apiVersion: v1\nkind: Service\nmetadata: {name: old, namespace: istio-system1}\n"+ports+
		"apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"+ports)
	require.Contains(t, once, "metadata: {name: ingress, namespace: istio-system1, labels: {istio-tenancy.dev/part: gateway}}\n"+
		"spec: {type: LoadBalancer, ports: [{port: 80}, {port: 443}, {port: 1}]}\n")
	require.Contains(t, once, "metadata: {name: old, namespace: istio-system1}\nspec: {type: LoadBalancer, ports: [{port: 80}, {port: 443}, {port: 1}]}\n")
	require.Contains(t, once, "metadata: {name: web}\n"+ports, "somebody wrote it for this tenant")

	const (
		list    = "spec.ports[0].nodePort 31380, spec.ports[1].nodePort 31390, spec.healthCheckNodePort 30001"
		dropped = ": dropped " + list + ": a node's port is the cluster's, and one tenant alone could have it; " +
			"the API server gives the Service other ones. To fix a port for this tenant, add a Service of your own to its overlay"
		kept = "Service ns-1/web: found " + list + ": a node's port is the cluster's, and one tenant alone can have it"
	)
	require.Equal(t, []string{"Service ns-1/ingress" + dropped, "Service istio-system1/old" + dropped, kept}, warnings)

	warnings = nil
	require.Equal(t, once, objecttest.Run(t, f, once))
	require.Equal(t, []string{kept}, warnings)
}

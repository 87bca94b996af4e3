package scope_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/scope"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// TestWhatReadsThroughTheProxyIsNotLimitedAgain: an argument or a variable by
// which istiod would watch less than the proxy shows it.
func TestWhatReadsThroughTheProxyIsNotLimitedAgain(t *testing.T) {
	base := func(container string) string {
		return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1, annotations: {istio-tenancy.dev/api-proxy-image: "a/b:1.0"}}
spec: {template: {spec: {containers: [{name: discovery, image: istio/pilot, ` + container + `}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sales, namespace: istio-system1}
data:
  mesh: |
    trustDomain: cluster.local
`
	}
	for _, test := range []struct {
		version, container string
		selects            bool
		err                string
	}{
		{"1.6.14", "args: [discovery]", false, ""},
		{"1.9.9", "args: [discovery]", false, ""},
		{"1.10.6", "args: [discovery]", true, ""},
		{"1.31.0", "args: [discovery]", true, ""},
		{"1.6.14", "args: [discovery, --appNamespace, ns-1]", false,
			`Deployment istio-system1/istiod-sales: --appNamespace: found "ns-1", with which istiod would watch this namespace alone, ` +
				`and the tenant's are istio-system1, ns-1, ns-2 (spec.discovery is "proxy" here): remove it`},
		{"1.10.6", "args: [discovery, -a=ns-1]", false,
			`Deployment istio-system1/istiod-sales: --appNamespace: found "ns-1", with which istiod may watch these namespaces alone, ` +
				`and the tenant's are istio-system1, ns-1, ns-2 (spec.discovery is "proxy" here): remove it`},
		{"1.31.0", "args: [discovery], env: [{name: ISTIO_WATCH_NAMESPACE, value: ns-1}]", false,
			`Deployment istio-system1/istiod-sales: env ISTIO_WATCH_NAMESPACE: found "ns-1", with which istiod would watch this namespace alone, ` +
				`and the tenant's are istio-system1, ns-1, ns-2 (spec.discovery is "proxy" here): remove it`},
	} {
		var warnings []string
		step := tenancytest.Step{
			Tenant: tenancytest.Sales("ns-1", "ns-2"), Version: test.version, Warn: func(w string) { warnings = append(warnings, w) },
			New: func(t tenancy.Tenant) kio.Filter { return scope.Filter{Tenant: t} },
		}
		if test.err != "" {
			require.Equal(t, test.err, objecttest.RunError(t, step, base(test.container)))
			continue
		}
		got := objecttest.Run(t, step, base(test.container))
		require.NotContains(t, got, "ppNamespace")
		require.NotContains(t, got, "ISTIO_WATCH_NAMESPACE")
		require.NotContains(t, got, "ingressClass", "it sees no others' Ingresses")
		if test.selects {
			require.Contains(t, got, "discoverySelectors:\n    - matchExpressions:\n      - key: kubernetes.io/metadata.name\n        operator: In\n        values:\n"+
				"        - istio-system1\n        - ns-1\n        - ns-2\n")
		} else {
			require.NotContains(t, got, "discoverySelectors")
		}
		require.Empty(t, warnings, test.version)
	}
}

package place_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

func classic(_ *testing.T, version string) tenancytest.Step {
	f := filter()
	f.Tenant.Spec.ApplicationNamespaces, f.Version = []string{"ns-1"}, version
	return f
}

const routes = `{apiVersion: v1, kind: Service, metadata: {name: istio-mixer, namespace: istio-system1}}
---
{apiVersion: v1, kind: Service, metadata: {name: reviews, namespace: ns-1}}
---
{apiVersion: config.istio.io/v1alpha2, kind: RouteRule, metadata: {name: reviews, namespace: istio-system1}, spec: {destination: {name: reviews}}}
---
{apiVersion: config.istio.io/v1alpha2, kind: RouteRule, metadata: {name: mixer, namespace: istio-system1}, spec: {destination: {name: istio-mixer}}}
---
{apiVersion: networking.istio.io/v1alpha3, kind: DestinationRule, metadata: {name: mixer, namespace: istio-system1}, spec: {host: istio-mixer}}
---
{apiVersion: networking.istio.io/v1alpha3, kind: VirtualService, metadata: {name: both, namespace: istio-system1}, spec: {hosts: [istio-mixer, reviews, b.example], http: [{route: [{destination: {host: istio-mixer}}]}]}}
---
{apiVersion: config.istio.io/v1alpha2, kind: rule, metadata: {name: mixers, namespace: istio-system1}}
`

func TestRoutesGoWherePilotReadsThem(t *testing.T) {
	got := objecttest.Run(t, classic(t, "0.7.1"), routes)
	for _, want := range []string{
		"name: reviews, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}, spec: {destination: {name: reviews}}",
		"name: mixer, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}, spec: {destination: {name: istio-mixer, namespace: istio-system1}}",
		"spec: {host: istio-mixer.istio-system1.svc.cluster.local}",
		"hosts: [istio-mixer.istio-system1.svc.cluster.local, reviews, b.example]",
		"destination: {host: istio-mixer.istio-system1.svc.cluster.local}",
		"kind: rule, metadata: {name: mixers, namespace: istio-system1", // Mixer reads both
	} {
		require.Contains(t, got, want)
	}
	require.Equal(t, got, objecttest.Run(t, classic(t, "0.7.1"), got))
}

func TestRoutesStayWhereIstiodReadsThem(t *testing.T) {
	for _, version := range []string{"1.10.6", "1.31.0"} {
		require.NotContains(t, objecttest.Run(t, classic(t, version), routes), "RouteRule, metadata: {name: reviews, namespace: ns-1", version)
	}
}

package identify_test

import (
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/identify"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// step is the step for sales on a version; warnings go to *warned.
func step(version string, warned *[]string, extra ...string) tenancytest.Step {
	tenant := tenancytest.Sales("ns-1")
	tenant.Spec.ControlPlane.ExtraTokenAudiences = extra
	if (istio.Range{Before: "1.11"}).Holds(semver.MustParse(version)) {
		tenant.Spec.Discovery = v1alpha1.DiscoveryAppNamespace // which others have to be asked for
	}
	return tenancytest.Step{
		Tenant: tenant, Version: version,
		Warn: func(warning string) { *warned = append(*warned, warning) },
		New:  func(t tenancy.Tenant) kio.Filter { return identify.Filter{Tenant: t} },
	}
}

// run lays sales over text, twice, the second time without a change.
func run(t *testing.T, version, text string, extra ...string) (got string, warned []string) {
	t.Helper()
	got = objecttest.Run(t, step(version, &warned, extra...), text)
	var again []string
	require.Equal(t, got, objecttest.Run(t, step(version, &again, extra...), got), "idempotent")
	return got, warned
}

// fails lays sales over text, and returns why that is refused.
func fails(t *testing.T, version, text string, extra ...string) string {
	t.Helper()
	var warned []string
	return objecttest.RunError(t, step(version, &warned, extra...), text)
}

// istiod is a control plane whose container has further fields.
func istiod(fields string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1}
spec:
  template:
    metadata: {labels: {app: istiod, istio.io/rev: sales}}
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot
` + fields
}

const args = "        args: [discovery, --domain, cluster.local]\n"

func TestTokensOfTheTenantAlone(t *testing.T) {
	got, warned := run(t, "1.31.0", istiod(args+`        ports:
        - {containerPort: 8080}
        - {containerPort: 15010, name: grpc-xds}
        - {containerPort: 15012}
      volumes:
      - name: istio-token
        projected: {sources: [{serviceAccountToken: {audience: istio-ca, path: istio-token}}]}
`))
	require.Empty(t, warned)
	require.Equal(t, istiod(`        args: [discovery, --domain, cluster.local, '--grpcAddr=127.0.0.1:15010']
        ports:
        - {containerPort: 8080}
        - {containerPort: 15012}
        env:
        - name: TOKEN_AUDIENCES
          value: "sales.istio-tenancy.dev"
      volumes:
      - name: istio-token
        projected: {sources: [{serviceAccountToken: {audience: sales.istio-tenancy.dev, path: istio-token}}]}
`), got)
}

// TestVersions: what a version does not know, it is not told, where it would do
// harm; the audience does none, and the stated version may be a wrong one.
func TestVersions(t *testing.T) {
	const audiences, bound = "TOKEN_AUDIENCES", "REQUIRE_3P_TOKEN"
	for _, test := range []struct {
		version string
		has     []string
		lacks   []string
	}{
		{"1.6.0", []string{"--grpcAddr=127.0.0.1:15010", audiences}, []string{bound}},
		{"1.7.8", []string{"--grpcAddr=127.0.0.1:15010", audiences}, []string{bound}},
		{"1.8.0", []string{"--grpcAddr=127.0.0.1:15010", audiences, bound}, nil},
		{"1.21.6", []string{"--grpcAddr=127.0.0.1:15010", audiences, bound}, nil},
		{"1.22.0", []string{"--grpcAddr=127.0.0.1:15010", audiences}, []string{bound}},
		{"1.31.0", []string{"--grpcAddr=127.0.0.1:15010", audiences}, []string{bound}},
		{"1.4.10", nil, []string{"grpcAddr", audiences, bound}},
	} {
		got, _ := run(t, test.version, istiod(args))
		for _, text := range test.has {
			require.Contains(t, got, text, test.version)
		}
		for _, text := range test.lacks {
			require.NotContains(t, got, text, test.version)
		}
	}
	_, warned := run(t, "1.6.14", istiod(args))
	require.Equal(t, []string{"Istio 1.6.14 takes tokens of the audience istio-ca, which every ServiceAccount of the cluster gets, and has no setting " +
		"for another: NetworkPolicies alone keep others out of the mesh; 1.8 and later have an audience for each tenant"}, warned)
}

func TestOtherAudiencesOnRequest(t *testing.T) {
	got, warned := run(t, "1.31.0", istiod(args), "istio-ca", "old")
	require.Contains(t, got, `value: "sales.istio-tenancy.dev,istio-ca,old"`)
	require.Equal(t, []string{"spec.controlPlane.extraTokenAudiences: found istio-ca, old: whoever gets a token of that audience, and can connect " +
		"to the control plane, joins the mesh, and only NetworkPolicies prevent this; leave it out as soon as the proxies that need it have been restarted"}, warned)
	_, warned = run(t, "1.31.0", istiod(args), "https://oidc.example.com/id/1")
	require.Equal(t, "spec.controlPlane.extraTokenAudiences: found https://oidc.example.com/id/1: if the API server accepts that audience, as it accepts its issuer's "+
		"URL, every Pod of the cluster has a token for it already: compare with kubectl get --raw /.well-known/openid-configuration, "+
		"and with --api-audiences of kube-apiserver", warned[0])
	require.Equal(t, "spec.controlPlane.extraTokenAudiences: has no effect: Istio 1.7.8 takes tokens of the audience istio-ca, which every "+
		"ServiceAccount of the cluster gets, and has no setting for another: NetworkPolicies alone keep others out of the mesh; "+
		"1.8 and later have an audience for each tenant: leave it out", fails(t, "1.7.8", istiod(args), "istio-ca"))
	require.Equal(t, "spec.controlPlane.extraTokenAudiences: has no effect: Istio 1.4.10 has no such tokens: leave it out",
		fails(t, "1.4.10", istiod(args), "istio-ca"))
}

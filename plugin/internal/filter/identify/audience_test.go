package identify_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPods: whatever describes Pods of the mesh has them ask for tokens of the
// tenant.
func TestPods(t *testing.T) {
	const volumes = "volumes: [{name: istio-token, projected: {sources: [{serviceAccountToken: {path: t, audience: istio-ca}}]}}]"
	const after = "serviceAccountToken: {path: t, audience: sales.istio-tenancy.dev}"
	for name, object := range map[string]string{
		"a gateway of upstream's": `{kind: Deployment, metadata: {name: a, namespace: ns-1}, spec: {template: {spec: {containers: [{name: istio-proxy, image: x}], ` + volumes + `}}}}`,
		"an injected Pod":         `{kind: Pod, metadata: {name: a}, spec: {containers: [{name: app}, {name: istio-proxy}], ` + volumes + `}}`,
		"a native sidecar":        `{kind: StatefulSet, metadata: {name: a}, spec: {template: {spec: {containers: [{name: app}], initContainers: [{name: istio-proxy}], ` + volumes + `}}}}`,
		"a CronJob":               `{kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: x, image: docker.io/istio/proxyv2:1.31.0}], ` + volumes + `}}}}}}`,
		"a kind of somebody's":    `{kind: Rollout, metadata: {name: a}, spec: {template: {spec: {containers: [{name: istio-proxy}], ` + volumes + `}}}}`,
	} {
		got, warned := run(t, "1.31.0", istiod(args)+"---\n"+object)
		require.Contains(t, got, after, name)
		require.Empty(t, warned, name)
	}

	own := `{kind: Deployment, metadata: {name: a, namespace: ns-1}, spec: {template: {spec: {containers: [{name: app, image: x}], ` + volumes + `}}}}`
	got, warned := run(t, "1.31.0", istiod(args)+"---\n"+own)
	require.Contains(t, got, after)
	require.Equal(t, []string{`Deployment ns-1/a: serviceAccountToken.audience: found "istio-ca", and no container is Istio's proxy; ` +
		`"sales.istio-tenancy.dev" is used, which is what the tenant's control plane takes`}, warned)

	got, warned = run(t, "1.31.0", istiod(args)+`---
{kind: Pod, metadata: {name: a}, spec: {containers: [{name: a}], volumes: [{projected: {sources: [
  {serviceAccountToken: {path: t}}, {serviceAccountToken: {path: t, audience: vault}}]}}]}}`)
	require.Contains(t, got, "{serviceAccountToken: {path: t}}, {serviceAccountToken: {path: t, audience: vault}}")
	require.Empty(t, warned)

	got, _ = run(t, "1.7.8", istiod(args)+"---\n"+own)
	require.Contains(t, got, "audience: istio-ca", "its istiod takes no other")
}

func injector(data string) string {
	return istiod(args) + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector-sales, namespace: istio-system1}
data:
` + data
}

func TestInjectedPods(t *testing.T) {
	got, warned := run(t, "1.31.0", injector(`  values: |-
    {
      "global": {
        "sds": { "token": {"aud": "istio-ca"} }, "trust": "istio-ca"
      }
    }
  config: |-
    templates:
      waypoint: |
        - serviceAccountToken:
            audience: istio-ca
            path: istio-token
        configMap: {name: istio-ca-root-cert, of: istio-ca}
      quoted: |
        serviceAccountToken: {"audience": "istio-ca", 'path': x}
      computed: |
        audience: {{ .Values.global.sds.token.aud }}
      other: |
        audience: istio-ca-2 # my-audience: istio-ca2
`))
	require.Empty(t, warned)
	require.Contains(t, got, `  values: |-
    {
      "global": {
        "sds": { "token": {"aud": "sales.istio-tenancy.dev"} }, "trust": "istio-ca"
      }
    }
  config: |-
    templates:
      waypoint: |
        - serviceAccountToken:
            audience: sales.istio-tenancy.dev
            path: istio-token
        configMap: {name: istio-ca-root-cert, of: istio-ca}
      quoted: |
        serviceAccountToken: {"audience": "sales.istio-tenancy.dev", 'path': x}
      computed: |
        audience: {{ .Values.global.sds.token.aud }}
      other: |
        audience: istio-ca-2 # my-audience: istio-ca2
`)
}

// TestTheBasesOwnAudience is what its values say that it was rendered with.
func TestTheBasesOwnAudience(t *testing.T) {
	got, warned := run(t, "1.31.0", injector(`  values: '{"global": {"sds": {"token": {"aud": "company"}}}}'
  config: "audience: company"
---
{kind: Pod, metadata: {name: a}, spec: {containers: [{name: istio-proxy}], volumes: [{projected: {sources: [{serviceAccountToken: {audience: company}}]}}]}}
`))
	require.Equal(t, []string{`ConfigMap istio-system1/istio-sidecar-injector-sales: data[values]: global.sds.token.aud: found "company", ` +
		`the tenant's is "sales.istio-tenancy.dev": it is replaced, wherever tokens are of that audience`}, warned)
	require.NotContains(t, got, "company")
	require.Contains(t, got, `config: "audience: sales.istio-tenancy.dev"`)
}

func TestTheValuesForPeople(t *testing.T) {
	got, _ := run(t, "1.31.0", istiod(args)+`---
apiVersion: v1
kind: ConfigMap
metadata: {name: values-sales, namespace: istio-system1}
data:
  original-values: '{}'
  merged-values: '{"global": {"sds": {"token": {"aud": "istio-ca"}}}}'
`)
	require.Contains(t, got, `original-values: '{}'`)
	require.Contains(t, got, `merged-values: '{"global": {"sds": {"token": {"aud": "sales.istio-tenancy.dev"}}}}'`)

	require.Equal(t, "ConfigMap istio-system1/values-sales: data.merged-values: want a JSON object: EOF", fails(t, "1.31.0", istiod(args)+`---
{kind: ConfigMap, metadata: {name: values-sales, namespace: istio-system1}, data: {merged-values: '{"global": '}}`))
}

// TestTextsOfApplications are not known: they are named, and stay.
func TestTextsOfApplications(t *testing.T) {
	text := istiod(args) + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: gateway-options, namespace: ns-1}
data:
  deployment: |
    audience: istio-ca
`
	got, warned := run(t, "1.31.0", text)
	require.Contains(t, got, "    audience: istio-ca\n")
	require.Equal(t, []string{`ConfigMap ns-1/gateway-options: data[deployment]: names tokens of the audience istio-ca, which the tenant's control plane ` +
		`does not take: if they are for it, write "sales.istio-tenancy.dev"`}, warned)
}

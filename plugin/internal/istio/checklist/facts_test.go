package checklist

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func lines(t *testing.T, facts Facts) []string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, facts.Write(&out))
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

func TestFactsOfObjects(t *testing.T) {
	for _, test := range []struct{ name, yaml, want string }{
		{"kind", `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sidecars.networking.istio.io, labels: {app: x}}
spec: {scope: Namespaced, names: {kind: Sidecar}, versions: [{name: v1beta1}, {name: v1}]}
`, `kind: Sidecar sidecars.networking.istio.io = Namespaced v1 v1beta1`},
		{"right", `
kind: ClusterRole
metadata: {name: istiod-the-namespace}
rules:
- {apiGroups: [""], resources: [pods, secrets], verbs: [list, get]}
- {apiGroups: [apps], resources: [deployments], resourceNames: [x-the-namespace], verbs: [get]}
- {apiGroups: [""], resources: [pods], verbs: [watch]}
- {nonResourceURLs: [/metrics], verbs: [get]}
---
kind: ClusterRoleBinding
metadata: {name: a}
roleRef: {kind: ClusterRole, name: istiod-the-namespace}
subjects: [{kind: ServiceAccount, name: istiod, namespace: the-namespace}]
---
kind: Role
metadata: {name: unbound}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: ["*"]}
`, `
right: istiod in the cluster: /metrics = get
right: istiod in the cluster: deployments.apps x-{ns} = get
right: istiod in the cluster: pods = get list watch
right: istiod in the cluster: secrets = get list
right: nobody in its namespace: configmaps = *`},
		{"container", `
kind: Deployment
metadata: {name: istiod, labels: {app: istiod}}
spec:
  template:
    metadata: {annotations: {prometheus.io/port: "1"}}
    spec:
      containers:
      - name: discovery
        args: [discovery, --monitoringAddr=:15014, --domain, cluster.local, --profile]
        ports: [{containerPort: 8080, name: http, protocol: TCP}]
        env:
        - {name: REVISION, value: default}
        - {name: ROOT, value: the-namespace/ztunnel}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: KEY, valueFrom: {secretKeyRef: {name: a, key: b}}}
`, `
port: Deployment istiod discovery: 8080 = http TCP
argument: Deployment istiod discovery: --domain = cluster.local
argument: Deployment istiod discovery: --monitoringAddr = :15014
argument: Deployment istiod discovery: --profile
argument: Deployment istiod discovery: discovery
variable: Deployment istiod discovery: KEY = from secretKeyRef
variable: Deployment istiod discovery: POD_NAME = from metadata.name
variable: Deployment istiod discovery: REVISION = "default"
variable: Deployment istiod discovery: ROOT = "{ns}/ztunnel"
label: annotation prometheus.io/port
label: label app`},
		{"webhook", `
kind: ValidatingWebhookConfiguration
metadata: {name: istio-validator-the-namespace}
webhooks:
- {name: rev.validation.istio.io, clientConfig: {service: {name: istiod, path: /validate, port: 443}}}
`, `
webhook: ValidatingWebhookConfiguration istio-validator-{ns}: rev.validation.istio.io
port: ValidatingWebhookConfiguration istio-validator-{ns}: istiod /validate = 443`},
		{"mesh", `
kind: ConfigMap
metadata: {name: istio}
data:
  mesh: |
    rootNamespace: the-namespace
    defaultConfig: {discoveryAddress: istiod.the-namespace.svc:15012}
    extensionProviders: []
`, `
mesh: defaultConfig.discoveryAddress = "istiod.{ns}.svc:15012"
mesh: extensionProviders = []
mesh: rootNamespace = "{ns}"`},
		{"template", `
kind: ConfigMap
metadata: {name: istio-sidecar-injector}
data:
  config: |
    templates:
      sidecar: |
        {{ if .X }}
        spec:
          containers:
          - args:
            - proxy
            - --domain
            - {{ .Y }}
            env:
            - name: CA_ADDR
              value: {{ .Z }}
          volumes:
          - name: istiod-ca-cert
            configMap:
              name: istio-ca-root-cert
          - projected:
              sources:
              - serviceAccountToken:
                  audience: istio-ca
`, `
template: sidecar
template: sidecar: ConfigMap istio-ca-root-cert
template: sidecar: argument --domain
template: sidecar: audience istio-ca
template: sidecar: variable CA_ADDR`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var facts Facts
			ofObjects(objecttest.Parse(t, test.yaml), &facts)
			require.Equal(t, strings.Split(strings.TrimSpace(test.want), "\n"), lines(t, facts))
		})
	}
}

func TestFactsOfSource(t *testing.T) {
	module := fstest.MapFS{}
	for name, text := range map[string]string{
		"pilot/pkg/features/pilot.go": `package features
var Watch = env.Register("ISTIO_WATCH_NAMESPACE", "",
	"If set, limits istiod " +
	"to one namespace. This is more text.").Get()
var Old = env.RegisterBoolVar("PILOT_OLD", true, "Old").Get()
const alpha = "PILOT_ALPHA"
var Alpha = env.Register(alpha, false, "Alpha")
var Ambient = registerAmbient("AMBIENT_A", true, false, "Ambient")
var dynamic = env.Register(name, "", "not known before istiod runs")
`,
		"pilot/pkg/features/pilot_test.go":           "package features\nvar a = env.Register(\"IN_TEST\", \"\", \"\")\n",
		"pkg/test/framework.go":                      "package test\nvar a = env.Register(\"OF_TESTS\", \"\", \"\")\n",
		"pkg/log/otel.go":                            "package log\nvar a = os.Getenv(\"OTEL\")\n",
		"pilot/cmd/pilot-discovery/app/cmd.go":       "package app\nfunc f() { c.StringVarP(&a.B, \"namespace\", \"n\", bootstrap.PodNamespace, \"Where it runs.\"); c.BoolVar(&x, \"profile\", true, \"\") }\n",
		"pilot/pkg/leaderelection/leaderelection.go": "package leaderelection\nconst (\n\tA = \"istio-leader\"\n\tB = \"^\"\n)\n",
		"pkg/config/schema/metadata.yaml": `
resources:
- {kind: Pod, plural: pods, version: v1}
- {kind: IngressClass, plural: ingressclasses, group: networking.k8s.io, version: v1, clusterScoped: true}
- {kind: Address, plural: addresses, version: v1, synthetic: true}
`,
	} {
		module[name] = &fstest.MapFile{Data: []byte(text)}
	}
	var facts Facts
	require.NoError(t, source(module, &facts))
	require.Equal(t, []string{
		`feature: AMBIENT_A = true`,
		`feature: ISTIO_WATCH_NAMESPACE = ""`,
		`feature: OTEL = no default`,
		`feature: PILOT_ALPHA = false`,
		`feature: PILOT_OLD = true`,
		`flag: --namespace = bootstrap.PodNamespace`,
		`flag: --profile = true`,
		`lock: istio-leader`,
		`watched: IngressClass ingressclasses.networking.k8s.io v1 = Cluster`,
		`watched: Pod pods v1 = Namespaced`,
	}, lines(t, facts))
	require.Equal(t, "If set, limits istiod to one namespace.", facts.All()[1].About)

	module["pilot/pkg/features/pilot.go"].Data = []byte("package features\nvar a = env.Register(")
	require.ErrorContains(t, source(module, &Facts{}), "pilot/pkg/features/pilot.go")
}

func TestValuesOfACharts(t *testing.T) {
	module := fstest.MapFS{
		"chart/Chart.yaml":          &fstest.MapFile{Data: []byte("apiVersion: v1\nname: x\nversion: 1.0.0\n")},
		"chart/templates/a.yaml":    &fstest.MapFile{Data: []byte("a: {{ .Values.global.hub }} {{ .Values.free.any }} {{ .Values.hidden.value }} {{ .Values.global }}\n")},
		"chart/files/template.yaml": &fstest.MapFile{Data: []byte("a: {{ .Values.tag }}\n")},
	}
	var facts Facts
	c := chart{component: "x", dir: "chart"}
	require.NoError(t, c.values(module, map[string]any{"global": map[string]any{"hub": "h"}, "free": map[string]any{}}, &facts))
	require.Equal(t, []string{
		`value: x: free = {}`,
		`value: x: global.hub = "h"`,
		`value: x: hidden.value = no default`,
		`value: x: tag = no default`,
	}, lines(t, facts))
}

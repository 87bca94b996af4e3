package revision_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/revision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// istiod is what every case needs: without it there is no control plane that
// knows revisions.
const istiod = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod
  namespace: istio-dev
  labels:
    istio.io/rev: default
    istio: pilot
spec:
  selector:
    matchLabels:
      istio: pilot
  template:
    metadata:
      labels:
        app: istiod
        istio.io/rev: "default"
        istio: pilot
    spec:
      serviceAccountName: istiod
      containers:
      - name: discovery
        env:
        - name: REVISION
          value: "default"
        - name: ISTIOD_ADDR
          value: istiod.istio-dev.svc:15012
`

const revised = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod-dev
  namespace: istio-dev
  labels:
    istio.io/rev: dev
    istio: pilot
spec:
  selector:
    matchLabels:
      app: istiod
      istio.io/rev: dev
  template:
    metadata:
      labels:
        app: istiod
        istio.io/rev: "dev"
        istio: istiod
    spec:
      serviceAccountName: istiod-dev
      containers:
      - name: discovery
        env:
        - name: REVISION
          value: "dev"
        - name: ISTIOD_ADDR
          value: istiod-dev.istio-dev.svc:15012
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: istiod-dev
  namespace: istio-dev
---
apiVersion: v1
kind: Service
metadata:
  name: istiod-dev
  namespace: istio-dev
spec:
  selector:
    app: istiod
    istio.io/rev: dev
`

const account = `---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: istiod
  namespace: istio-dev
---
apiVersion: v1
kind: Service
metadata:
  name: istiod
  namespace: istio-dev
spec:
  selector:
    app: istiod
    # istiod without a revision
    istio: pilot
`

func TestFilter(t *testing.T) {
	for name, test := range map[string]struct{ in, want string }{
		"istiod": {},
		"references": {in: `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: istiod-clusterrole-istio-dev
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: istiod-clusterrole-istio-dev
roleRef:
  kind: ClusterRole
  name: istiod-clusterrole-istio-dev
subjects:
- kind: ServiceAccount
  name: istiod
  namespace: istio-dev
- kind: ServiceAccount
  name: istiod
  namespace: other
- kind: User
  name: istiod
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: istiod
  namespace: istio-dev
spec:
  scaleTargetRef:
    kind: Deployment
    name: istiod
`, want: `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: istiod-clusterrole-dev-istio-dev
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: istiod-clusterrole-dev-istio-dev
roleRef:
  kind: ClusterRole
  name: istiod-clusterrole-dev-istio-dev
subjects:
- kind: ServiceAccount
  name: istiod-dev
  namespace: istio-dev
- kind: ServiceAccount
  name: istiod
  namespace: other
- kind: User
  name: istiod
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: istiod-dev
  namespace: istio-dev
spec:
  scaleTargetRef:
    kind: Deployment
    name: istiod-dev
`},
		"webhooks": {in: `---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: istio-sidecar-injector-istio-dev
  labels:
    istio.io/rev: default
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig:
    service:
      name: istiod
      namespace: istio-dev
  namespaceSelector:
    matchExpressions:
    - key: istio.io/rev
      operator: In
      values:
      - "default"
    - key: other
      operator: In
      values:
      - "default"
- name: namespace.sidecar-injector.istio.io
  clientConfig:
    service: {name: istiod, namespace: istio-dev}
- name: object.sidecar-injector.istio.io
  clientConfig:
    service: {name: istiod, namespace: istio-dev}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: istio-sidecar-injector
  labels:
    istio.io/rev: default
webhooks:
- name: namespace.sidecar-injector.istio.io
  clientConfig:
    service: {name: istiod, namespace: istio-system}
`, want: `---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: istio-sidecar-injector-dev-istio-dev
  labels:
    istio.io/rev: dev
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig:
    service:
      name: istiod-dev
      namespace: istio-dev
  namespaceSelector:
    matchExpressions:
    - key: istio.io/rev
      operator: In
      values:
      - "dev"
    - key: other
      operator: In
      values:
      - "default"
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: istio-sidecar-injector
  labels:
    istio.io/rev: default
webhooks:
- name: namespace.sidecar-injector.istio.io
  clientConfig:
    service: {name: istiod, namespace: istio-system}
`},
		"text": {in: `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio
  namespace: istio-dev
data:
  mesh: |-
    discoveryAddress: istiod.istio-dev.svc:15012
    other: my-istiod.istio-dev.svc istiod.istio-dev2.svc
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: values
  namespace: istio-dev
data:
  original-values: |-
    {
      "global": {
        "revision": ""
      }
    }
  merged-values: |-
    {"global": {"revision": ""}, "revision":  "" , "z": 1}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: values
  namespace: other
data:
  merged-values: none of ours
`, want: `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio-dev
  namespace: istio-dev
data:
  mesh: |-
    discoveryAddress: istiod-dev.istio-dev.svc:15012
    other: my-istiod.istio-dev.svc istiod.istio-dev2.svc
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: values-dev
  namespace: istio-dev
data:
  original-values: |-
    {
      "global": {
        "revision": ""
      },
      "revision": "dev"
    }
  merged-values: |-
    {"global": {"revision": ""}, "revision":  "dev" , "z": 1}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: values
  namespace: other
data:
  merged-values: none of ours
`},
		"names with a rest": {in: `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio-default-gatewayclass-istio
  namespace: istio-dev
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: stats-filter-1.10
  namespace: istio-dev
  labels:
    istio.io/rev: default
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: mine
  namespace: istio-dev
`, want: `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio-dev-gatewayclass-istio
  namespace: istio-dev
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: stats-filter-1.10-dev
  namespace: istio-dev
  labels:
    istio.io/rev: dev
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: mine
  namespace: istio-dev
`},
		"gateways": {in: `---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: gateway
  namespace: istio-dev
spec:
  template:
    metadata:
      labels:
        service.istio.io/canonical-revision: latest
        istio.io/rev: default
    spec:
      volumes:
      - name: config-volume
        configMap:
          name: istio
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio
  namespace: istio-dev
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: injected
  namespace: apps
spec:
  template:
    metadata:
      annotations:
        inject.istio.io/templates: gateway
      labels:
        sidecar.istio.io/inject: "true"
        app: gateway
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: injected
  namespace: apps
  labels:
    istio-tenancy.dev/part: gateway
    istio.io/rev: "default"
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: application
  namespace: apps
spec:
  template:
    metadata:
      labels:
        istio.io/rev: default
`, want: `---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: gateway
  namespace: istio-dev
spec:
  template:
    metadata:
      labels:
        service.istio.io/canonical-revision: dev
        istio.io/rev: dev
    spec:
      volumes:
      - name: config-volume
        configMap:
          name: istio-dev
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio-dev
  namespace: istio-dev
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: injected
  namespace: apps
spec:
  template:
    metadata:
      annotations:
        inject.istio.io/templates: gateway
      labels:
        sidecar.istio.io/inject: "true"
        istio.io/rev: dev
        app: gateway
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: injected-dev
  namespace: apps
  labels:
    istio-tenancy.dev/part: gateway
    istio.io/rev: "dev"
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: application
  namespace: apps
spec:
  template:
    metadata:
      labels:
        istio.io/rev: default
`},
	} {
		t.Run(name, func(t *testing.T) {
			f := revision.Filter{Namespace: "istio-dev", Revision: "dev"}
			got := objecttest.Run(t, f, istiod+account+test.in)
			require.Equal(t, revised+test.want, got)
			require.Equal(t, got, objecttest.Run(t, f, got), "a second time")
		})
	}
}

func TestUntouched(t *testing.T) {
	const classic = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: istio-pilot
  namespace: istio-dev
spec:
  template:
    spec:
      containers:
      - args: [discovery]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio
  namespace: istio-dev
`
	require.Equal(t, classic, objecttest.Run(t, revision.Filter{Namespace: "istio-dev", Revision: "dev"}, classic), "before 1.6")
	require.Equal(t, istiod, objecttest.Run(t, revision.Filter{Namespace: "istio-dev"}, istiod), "no revision")
	require.Equal(t, istiod, objecttest.Run(t, revision.Filter{Namespace: "other", Revision: "dev"}, istiod), "another namespace")
}

func TestStringsStayStrings(t *testing.T) {
	got := objecttest.Run(t, revision.Filter{Namespace: "istio-dev", Revision: "123"}, istiod)
	require.Contains(t, got, "labels:\n    istio.io/rev: \"123\"\n")
	require.Contains(t, got, "      istio.io/rev: \"123\"\n")
}

func TestErrors(t *testing.T) {
	for name, test := range map[string]struct{ revision, in, want string }{
		"default": {"default", istiod, `revise: revision "default" is the name that Istio uses if there is no revision; choose another`},
		"another revision": {"dev", strings.Replace(istiod, "rev: default", "rev: canary", 1),
			`revise Deployment istio-dev/istiod: metadata.labels[istio.io/rev] is "canary"; want "dev", or "default", which is replaced by it`},
		"a gateway of another revision": {"dev", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: apps}
spec: {template: {metadata: {labels: {istio.io/rev: canary}, annotations: {inject.istio.io/templates: gateway}}}}
`, `revise Deployment apps/gateway: spec.template.metadata.labels[istio.io/rev] is "canary"; want "dev", or "default", which is replaced by it`},
		"no JSON": {"dev", istiod + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-dev}
data: {values: "revision: none"}
`, `revise ConfigMap istio-dev/istio-sidecar-injector: data.values: want a JSON object: invalid character 'r' looking for beginning of value`},
		"a JSON list": {"dev", istiod + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-dev}
data: {values: "[]"}
`, `revise ConfigMap istio-dev/istio-sidecar-injector: data.values: want a JSON object: found [`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, objecttest.RunError(t, revision.Filter{Namespace: "istio-dev", Revision: test.revision}, test.in))
		})
	}
}

// FuzzFilter holds what must be true of any objects: a second time changes nothing.
func FuzzFilter(f *testing.F) {
	f.Add(istiod + account)
	f.Add(istiod + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: values, namespace: istio-dev}\ndata: {original-values: '{}', merged-values: '{\"revision\":\"\"}'}\n")
	f.Add(istiod + "---\napiVersion: v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: istio-sidecar-injector}\nwebhooks: [{name: object.x, clientConfig: {service: {name: istiod, namespace: istio-dev}}}, {name: rev.x}]\n")
	f.Add("apiVersion: v1\nkind: Deployment\nmetadata: {name: g}\nspec: {template: {metadata: {annotations: {inject.istio.io/templates: gateway}, labels: {a: b}}}}\n")
	f.Add("apiVersion: v1\nkind: NetworkPolicy\nmetadata: {name: g, labels: {istio-tenancy.dev/part: gateway, istio.io/rev: default}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		items, _, err := manifest.Read(strings.NewReader(text), "fuzz")
		if err != nil {
			t.Skip()
		}
		filter := revision.Filter{Namespace: "istio-dev", Revision: "dev"}
		if items, err = filter.Filter(items); err != nil {
			t.Skip()
		}
		once, err := kio.StringAll(items)
		if err != nil {
			t.Skip() // kyaml cannot write all that it reads
		}
		items, err = filter.Filter(items)
		require.NoError(t, err)
		twice, err := kio.StringAll(items)
		require.NoError(t, err)
		require.Equal(t, once, twice)
	})
}

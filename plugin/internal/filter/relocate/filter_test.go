package relocate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestFilter(t *testing.T) {
	for name, test := range map[string]struct{ from, to, in, want string }{
		"namespaces, keys, comments and style": {in: `
apiVersion: v1
kind: Namespace # istio-system
metadata:
  name: istio-system
  labels: {istio-system: istio-system}
---
# a comment on istio-system
apiVersion: v1
kind: Service
metadata:
  namespace: "istio-system"
  name: istio-system-gateway
  annotations:
    host: 'x.istio-system.svc'
    internal.config.kubernetes.io/previousNamespaces: istio-system
    config.kubernetes.io/path: istio-system/service.yaml
`, want: `
apiVersion: v1
kind: Namespace # istio-system
metadata:
  name: sales
  labels: {istio-system: sales}
---
# a comment on istio-system
apiVersion: v1
kind: Service
metadata:
  namespace: "sales"
  name: istio-system-gateway
  annotations:
    host: 'x.sales.svc'
    internal.config.kubernetes.io/previousNamespaces: istio-system
    config.kubernetes.io/path: istio-system/service.yaml
`},
		"text in a ConfigMap": {in: `
apiVersion: v1
kind: ConfigMap
metadata:
  name: my-istio-system
  namespace: istio-system
data:
  mesh: |-
    discoveryAddress: istiod.istio-system.svc:15012  # of istio-system
    rootNamespace: istio-system
    other: istio-system2
  values: '{"istioNamespace":"istio-system"}'
binaryData:
  x: istio-system
`, want: `
apiVersion: v1
kind: ConfigMap
metadata:
  name: my-istio-system
  namespace: sales
data:
  mesh: |-
    discoveryAddress: istiod.sales.svc:15012  # of sales
    rootNamespace: sales
    other: istio-system2
  values: '{"istioNamespace":"sales"}'
binaryData:
  x: istio-system
`},
		"names that end in the namespace, and references to them": {in: `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: istiod-clusterrole-istio-system
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: istiod-clusterrole-istio-system
roleRef:
  kind: ClusterRole
  name: istiod-clusterrole-istio-system
subjects:
- kind: ServiceAccount
  name: other-istio-system
  namespace: istio-system
- kind: Group
  name: system:serviceaccounts:istio-system
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: "stable-channel-policy-istio-system.istio.io"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: "stable-channel-policy-binding-istio-system.istio.io"
spec:
  policyName: "stable-channel-policy-istio-system.istio.io"
`, want: `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: istiod-clusterrole-sales
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: istiod-clusterrole-sales
roleRef:
  kind: ClusterRole
  name: istiod-clusterrole-sales
subjects:
- kind: ServiceAccount
  name: other-istio-system
  namespace: sales
- kind: Group
  name: system:serviceaccounts:sales
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: "stable-channel-policy-sales.istio.io"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: "stable-channel-policy-binding-sales.istio.io"
spec:
  policyName: "stable-channel-policy-sales.istio.io"
`},
		"what is never rewritten": {in: `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: istio-system
---
apiVersion: v1
kind: Secret
metadata:
  name: s
  namespace: istio-system
data:
  a: istio-system
stringData:
  b: istio-system
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
  namespace: istio-system
spec:
  template:
    spec:
      containers:
      - image: registry/istio-system/pilot:1
        args: [--ns=istio-system, istio-system, "istio-systems"]
        caBundle: istio-system
        replicas: 3
`, want: `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: istio-system
---
apiVersion: v1
kind: Secret
metadata:
  name: s
  namespace: sales
data:
  a: istio-system
stringData:
  b: istio-system
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
  namespace: sales
spec:
  template:
    spec:
      containers:
      - image: registry/istio-system/pilot:1
        args: [--ns=sales, sales, "istio-systems"]
        caBundle: istio-system
        replicas: 3
`},
		"the base's namespace": {from: v1alpha1.BaseNamespace, in: `
apiVersion: v1
kind: Service
metadata:
  name: istiod
  namespace: ISTIO_TENANT_NAMESPACE
  annotations:
    a: istiod.ISTIO_TENANT_NAMESPACE.svc, MY_ISTIO_TENANT_NAMESPACE, istio_tenant_namespace
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: istio-reader-clusterrole-ISTIO_TENANT_NAMESPACE
`, want: `
apiVersion: v1
kind: Service
metadata:
  name: istiod
  namespace: sales
  annotations:
    a: istiod.sales.svc, MY_ISTIO_TENANT_NAMESPACE, istio_tenant_namespace
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: istio-reader-clusterrole-sales
`},
		"a string stays one": {to: "123", in: `
apiVersion: v1
kind: Service
metadata:
  name: istiod
  namespace: istio-system # a comment
`, want: `
apiVersion: v1
kind: Service
metadata:
  name: istiod
  namespace: "123" # a comment
`},
		"a namespace that ends in the other": {to: "my-istio-system", in: `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: a-istio-system
`, want: `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: a-my-istio-system
`},
	} {
		t.Run(name, func(t *testing.T) {
			f := relocate.Filter{From: orElse(test.from, "istio-system"), To: orElse(test.to, "sales")}
			got := objecttest.Run(t, f, test.in)
			require.Equal(t, strings.TrimSpace(test.want), strings.TrimSpace(got))
			require.Equal(t, got, objecttest.Run(t, f, got), "a second time")
		})
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// webhook and its injector, as before istiod.
const webhook = `apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingWebhookConfiguration
metadata:
  name: NAME
webhooks:
- name: sidecar-injector.istio.io
  clientConfig:
    service:
      name: istio-sidecar-injector
      namespace: NS
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istio-sidecar-injector
  namespace: NS
spec:
  template:
    spec:
      containers:
      - args:
        - --caCertFile=/etc/istio/certs/root-cert.pem
`

const bindings = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: PREFIXprometheus
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: PREFIXprometheus
roleRef:
  kind: ClusterRole
  name: PREFIXprometheus
subjects:
- kind: ServiceAccount
  name: prometheus
  namespace: NS
`

// What istio-system leaves out of a name comes and goes with it.
func TestBareNames(t *testing.T) {
	injector := func(ns, name, flag string) string {
		return strings.NewReplacer("NS", ns, "NAME", name).Replace(webhook) + flag
	}
	prometheus := func(ns, prefix string) string {
		return strings.NewReplacer("NS", ns, "PREFIX", prefix).Replace(bindings)
	}
	const flag = "        - --webhookConfigName="
	for _, test := range []struct{ name, here, there string }{
		{"webhook", injector("istio-system", "istio-sidecar-injector", ""),
			injector("sales", "istio-sidecar-injector-sales", flag+"istio-sidecar-injector-sales\n")},
		{"webhook of a revision", injector("istio-system", "istio-sidecar-injector-canary", flag+"istio-sidecar-injector-canary\n"),
			injector("sales", "istio-sidecar-injector-canary-sales", flag+"istio-sidecar-injector-canary-sales\n")},
		{"tag", strings.Replace(injector("istio-system", "istio-revision-tag-prod", ""), "--caCertFile", "--x", 1),
			strings.Replace(injector("sales", "istio-revision-tag-prod-sales", ""), "--caCertFile", "--x", 1)},
		{"role and binding", prometheus("istio-system", ""), prometheus("sales", "sales-")},
	} {
		t.Run(test.name, func(t *testing.T) {
			leave, enter := relocate.Filter{From: "istio-system", To: "sales"}, relocate.Filter{From: "sales", To: "istio-system"}
			require.Equal(t, test.there, objecttest.Run(t, leave, test.here))
			require.Equal(t, test.there, objecttest.Run(t, leave, test.there), "a second time")
			require.Equal(t, test.here, objecttest.Run(t, enter, test.there))
			elsewhere := objecttest.Run(t, relocate.Filter{From: "sales", To: "dev"}, test.there)
			require.Equal(t, strings.ReplaceAll(test.there, "sales", "dev"), elsewhere)
			require.Equal(t, test.here, objecttest.Run(t, enter, test.here), "a second time")
		})
	}
	t.Run("in a base", func(t *testing.T) {
		base := relocate.Filter{From: v1alpha1.BaseNamespace, To: "sales"}
		require.Equal(t, prometheus("sales", "sales-"), objecttest.Run(t, base, prometheus(v1alpha1.BaseNamespace, "")))
	})
	t.Run("of another control plane", func(t *testing.T) {
		for _, in := range []string{injector("other", "istio-sidecar-injector", ""), prometheus("other", "")} {
			require.Equal(t, in, objecttest.Run(t, relocate.Filter{From: "istio-system", To: "sales"}, in))
		}
	})
}

func TestErrors(t *testing.T) {
	const text = `
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    rootNamespace: istio-system
`
	require.EqualError(t, errorOf(relocate.Filter{From: "istio-system"}), "relocate: both namespaces, from and to, must be given")
	require.EqualError(t, errorOf(relocate.Filter{To: "istio-system"}), "relocate: both namespaces, from and to, must be given")
	require.Equal(t, `relocate ConfigMap istio-system/istio: data.mesh: the namespace "123" reads as a number or a boolean in this text; `+
		`choose a name with another letter in it`, objecttest.RunError(t, relocate.Filter{From: "istio-system", To: "123"}, text))
}

func errorOf(f kio.Filter) error {
	_, err := f.Filter(nil)
	return err
}

// FuzzFilter holds what must be true of any objects: a second time changes
// nothing, and nothing that a namespace is named by remains.
func FuzzFilter(f *testing.F) {
	for _, to := range []string{"sales", "my-istio-system", "istio-system-2", "n"} {
		f.Add(strings.NewReplacer("NS", "istio-system", "NAME", "istio-sidecar-injector").Replace(webhook), to)
		f.Add(strings.NewReplacer("NS", "istio-system", "PREFIX", "").Replace(bindings), to)
		f.Add("apiVersion: v1\nkind: ClusterRole\nmetadata: {name: a-istio-system}\nx: [&a istio-system, *a, 1, ~, {istio-system: a.istio-system.svc}]\n", to)
		f.Add("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: istio-system}\ndata:\n  a: |\n    - istio-system\n    - istio-system2\n", to)
		f.Add("apiVersion: v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: istio-sidecar-injector-a}\nwebhooks: [{clientConfig: {service: {namespace: istio-system}}}]\n", to)
	}
	f.Fuzz(func(t *testing.T, text, to string) {
		items, _, err := manifest.Read(strings.NewReader(text), "fuzz")
		if err != nil || len(to) > 63 || strings.Trim(to, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" ||
			strings.HasPrefix(to, "-") || strings.HasSuffix(to, "-") || to == "istio-system" {
			t.Skip()
		}
		filter := relocate.Filter{From: "istio-system", To: to}
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

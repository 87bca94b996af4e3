package split_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
)

func TestWorkloadsBecomeThoseOfTheAPIThatIsServed(t *testing.T) {
	for name, test := range map[string]struct{ in, want, repair string }{
		"the selector is the template's labels": {
			in: `apiVersion: extensions/v1beta1
kind: Deployment
metadata:
  name: a # ours
  namespace: istio-system
spec:
  replicas: 1
  template:
    metadata:
      # what Services select
      labels:
        istio: pilot # and this
        "on": "true"
`,
			want: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: a # ours
  namespace: ISTIO_TENANT_NAMESPACE
spec:
  replicas: 1
  selector:
    matchLabels:
      istio: pilot
      "on": "true"
  template:
    metadata:
      # what Services select
      labels:
        istio: pilot # and this
        "on": "true"
`,
			repair: "Deployment istio-system/a: apiVersion is now apps/v1; Kubernetes 1.16 and later do not serve extensions/v1beta1; " +
				"spec.selector is its template's labels",
		},
		"a selector stays": {
			in: `apiVersion: apps/v1beta1
kind: Deployment
metadata: {name: a, namespace: istio-system}
spec: {selector: {matchLabels: {b: c}}, template: {metadata: {labels: {b: c, d: e}}}}
`,
			want: `apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: ISTIO_TENANT_NAMESPACE}
spec: {selector: {matchLabels: {b: c}}, template: {metadata: {labels: {b: c, d: e}}}}
`,
			repair: "Deployment istio-system/a: apiVersion is now apps/v1; Kubernetes 1.16 and later do not serve apps/v1beta1",
		},
		"an empty one does not": {
			in: `apiVersion: apps/v1beta2
kind: StatefulSet
metadata: {name: a, namespace: istio-system}
spec: {selector: {}, template: {metadata: {labels: {b: c}}}}
`,
			want: `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: a, namespace: ISTIO_TENANT_NAMESPACE}
spec: {selector: {matchLabels: {b: c}}, template: {metadata: {labels: {b: c}}}}
`,
			repair: "StatefulSet istio-system/a: apiVersion is now apps/v1; Kubernetes 1.16 and later do not serve apps/v1beta2; " +
				"spec.selector is its template's labels",
		},
		"a field that is gone is named": {
			in: `apiVersion: extensions/v1beta1
kind: DaemonSet
metadata: {name: a, namespace: istio-system}
spec: {templateGeneration: 1, selector: {matchLabels: {b: c}}, template: {metadata: {labels: {b: c}}}}
`,
			want: `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: a, namespace: ISTIO_TENANT_NAMESPACE}
spec: {selector: {matchLabels: {b: c}}, template: {metadata: {labels: {b: c}}}}
`,
			repair: "DaemonSet istio-system/a: apiVersion is now apps/v1; Kubernetes 1.16 and later do not serve extensions/v1beta1; " +
				"spec.templateGeneration dropped, which apps/v1 does not have",
		},
		"a NetworkPolicy": {
			in: `apiVersion: extensions/v1beta1
kind: NetworkPolicy
metadata: {name: a, namespace: istio-system}
spec: {podSelector: {}}
`,
			want: `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a, namespace: ISTIO_TENANT_NAMESPACE}
spec: {podSelector: {}}
`,
			repair: "NetworkPolicy istio-system/a: apiVersion is now networking.k8s.io/v1; Kubernetes 1.16 and later do not serve extensions/v1beta1",
		},
		"an Ingress is served as long as Pilot reads it": {
			in: `apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: a, namespace: istio-system}
spec: {backend: {serviceName: b, servicePort: 1}}
`,
			want: `apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: a, namespace: ISTIO_TENANT_NAMESPACE}
spec: {backend: {serviceName: b, servicePort: 1}}
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "x")
			s, err := split.Run(strings.NewReader(istiod+"---\n"+test.in), "f", dir)
			require.NoError(t, err)
			if test.repair == "" {
				require.Empty(t, s.Repairs)
			} else {
				require.Equal(t, []string{"f: " + test.repair}, s.Repairs)
			}
			kind := strings.ToLower(strings.Fields(test.in)[3])
			require.Contains(t, text(t, dir, "control-plane", kind+".yaml"), test.want)
		})
	}
}

func TestWhatCannotBeConvertedIsNamedAtOnce(t *testing.T) {
	_, err := split.Run(strings.NewReader(istiod+`---
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: a, namespace: istio-system}
spec: {template: {spec: {}}}
---
{apiVersion: extensions/v1beta1, kind: DaemonSet, metadata: {name: b, namespace: istio-system}}
---
{apiVersion: extensions/v1beta1, kind: NetworkPolicy, metadata: {name: c, namespace: istio-system}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: c, namespace: istio-system}}
`), "f", filepath.Join(t.TempDir(), "x"))
	require.EqualError(t, err, `f: Deployment istio-system/a: spec.template.metadata.labels: found none, and no spec.selector; apps/v1 needs labels to select Pods by
DaemonSet istio-system/b: spec: found none; must have a template
NetworkPolicy istio-system/c: is in the input twice, as extensions/v1beta1 and as networking.k8s.io/v1`)
}

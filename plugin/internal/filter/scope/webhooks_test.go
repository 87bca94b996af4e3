package scope_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// applications are webhooks of a program beside the control plane.
const applications = `
apiVersion: v1
kind: Service
metadata: {name: checker, namespace: istio-system1}
spec: {selector: {app: checker}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: injector-istio-system1}
webhooks:
- name: inject.example.com
  clientConfig: {service: {name: checker, namespace: istio-system1}}
  rules: [{apiGroups: ["*"], resources: ["*"], scope: "*"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: istio-validator-like-istio-system1}
webhooks:
- name: check.example.com
  clientConfig: {service: {name: checker, namespace: istio-system1}}
  failurePolicy: Ignore
  objectSelector: {matchLabels: {check: please}}
  rules: [{apiGroups: [""], resources: [pods]}]
---
`

func TestAnApplicationsWebhooksStayItsOwn(t *testing.T) {
	for _, order := range []string{istiod + applications + webhooks + ownValidator, istiod + webhooks + applications + ownValidator} {
		got := objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1"), order)
		require.Contains(t, got, `metadata: {name: injector-istio-system1}
webhooks:
- name: inject.example.com
  clientConfig: {service: {name: checker, namespace: istio-system1}}
  rules: [{apiGroups: ["*"], resources: ["*"], scope: "Namespaced"}]
  namespaceSelector:
    matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values:
      - ns-1
`)
		require.Contains(t, got, `metadata: {name: istio-validator-like-istio-system1}
webhooks:
- name: check.example.com
  clientConfig: {service: {name: checker, namespace: istio-system1}}
  failurePolicy: Ignore
  objectSelector: {matchLabels: {check: please}}
  rules: [{apiGroups: [""], resources: [pods]}]
  namespaceSelector:
`)
		require.Contains(t, got, `metadata: {name: istio-validator-sales-istio-system1}
webhooks:
- name: rev.validation.istio.io
  clientConfig: {service: {name: istiod-sales, namespace: istio-system1}}
  failurePolicy: Fail
`)
		require.NotContains(t, got, "istiod-default-validator")
	}
}

func TestAnApplicationsValidatorIsNotTakenForIstiods(t *testing.T) {
	got := objecttest.Run(t, filter(t, "1.20.8", "auto", "ns-1"), istiod+applications+webhooks)
	require.Contains(t, got, "metadata: {name: istio-validator-like-istio-system1}\n")
	require.Contains(t, got, `metadata: {name: istio-validator-sales-istio-system1, labels: {istio.io/rev: sales}}
webhooks:
- name: validation.istio.io
  clientConfig: {service: {name: istiod-sales, namespace: istio-system1}}
`)
}

package scope_test

import (
	"strings"
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

// laid is what scoping makes of text, and what it warns of.
func laid(t *testing.T, version, text string, namespaces ...string) (got string, warnings []string) {
	t.Helper()
	f := filter(t, version, "auto", namespaces...)
	if len(namespaces) > 1 {
		f.Tenant.Spec.Discovery = "selectors" // by name: no warning of it
	}
	f.Warn = func(w string) { warnings = append(warnings, w) }
	return objecttest.Run(t, f, text), warnings
}

func TestAWebhookOfAServiceThatIsNotThereStaysAsItIs(t *testing.T) {
	for _, name := range []string{"policy-istio-system1", "istio-validator-like-istio-system1"} {
		opa := strings.ReplaceAll(applications[strings.Index(applications, "---\n"):], "name: checker", "name: opa")
		opa = strings.Replace(opa, "istio-validator-like-istio-system1", name, 1)
		got, warnings := laid(t, "1.31.0", meshOf("    trustDomain: cluster.local\n")+ownValidator+opa, "ns-1")
		require.Contains(t, got, `metadata: {name: `+name+`}
webhooks:
- name: check.example.com
  clientConfig: {service: {name: opa, namespace: istio-system1}}
  failurePolicy: Ignore
  objectSelector: {matchLabels: {check: please}}
  rules: [{apiGroups: [""], resources: [pods]}]
  namespaceSelector:
`)
		require.Equal(t, []string{
			`MutatingWebhookConfiguration injector-istio-system1: webhooks[0].clientConfig.service.name: found "opa", ` +
				`which is no Service among the objects in istio-system1: the webhook is not taken for the control plane's; only limits are added to it`,
			`ValidatingWebhookConfiguration ` + name + `: webhooks[0].clientConfig.service.name: found "opa", ` +
				`which is no Service among the objects in istio-system1: the webhook is not taken for the control plane's; only limits are added to it`,
		}, warnings)
	}
}

func TestAnOwnNamespaceSelectorIsKept(t *testing.T) {
	const own = `    - {key: kubernetes.io/metadata.name, operator: NotIn, values: [ns-1]}
    - {key: kubernetes.io/metadata.name, operator: In, values: [ns-1, ns-2]}
`
	text := istiod + strings.Replace(webhooks, "    - {key: istio.io/rev, operator: In, values: [sales]}\n", own, 1)
	got, _ := laid(t, "1.31.0", text, "ns-1")
	require.Contains(t, got, own+`    - key: kubernetes.io/metadata.name
      operator: In
      values:
      - ns-1
---
`)
	again, _ := laid(t, "1.31.0", got, "ns-1")
	require.Equal(t, got, again)
}

// TestAPolicyOfTheTenantsIsLimitedToIt: whoever else labels an object with the
// revision, or with "default", is not asked.
func TestAPolicyOfTheTenantsIsLimitedToIt(t *testing.T) {
	const policy = `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: stable-channel-policy-sales-istio-system1.istio.io},
 spec: {matchConstraints: {objectSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [default]}]}}, validations: [{expression: "false"}]}}`
	got := objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1"), istiod+webhooks+"---\n"+policy)
	require.Contains(t, got, "values: [default]}]}, namespaceSelector: {matchExpressions: "+
		"[{key: kubernetes.io/metadata.name, operator: In, values: [istio-system1, ns-1]}]}}")
	require.Equal(t, got, objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1"), got), "idempotent")
}

func TestAScopeThatIsWrittenOutIsNarrowed(t *testing.T) {
	got := objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1"), istiod+strings.Replace(applications,
		`rules: [{apiGroups: [""], resources: [pods]}]`, `rules: [{apiGroups: [networking.istio.io], resources: ["*"], scope: "*"}]`, 1)+webhooks)
	require.Contains(t, got, `rules: [{apiGroups: [networking.istio.io], resources: ["*"], scope: "Namespaced"}]`)
}

// TestTheValidatorIsNotAskedOfWhatNeedsNone: so that a tenant whose istiod is away
// can be applied. An older istiod would lose the conditions.
func TestTheValidatorIsNotAskedOfWhatNeedsNone(t *testing.T) {
	own := strings.Replace(ownValidator, "  failurePolicy:", "  matchConditions:\n  - {name: mine, expression: \"true\"}\n  - {name: changes.istio-tenancy.dev, expression: \"false\"}\n  failurePolicy:", 1)
	for version, has := range map[string]bool{"1.17.8": false, "1.18.0": true, "1.31.0": true} {
		got := objecttest.Run(t, filter(t, version, "auto", "ns-1"), istiod+webhooks+own)
		if !has {
			require.Contains(t, got, "  matchConditions:\n  - {name: mine, expression: \"true\"}\n  - {name: changes.istio-tenancy.dev, expression: \"false\"}\n", version)
			continue
		}
		require.Regexp(t, `  matchConditions:
  - \{name: mine, expression: "true"\}
  - expression: request.operation != 'UPDATE' .*
    name: changes.istio-tenancy.dev
  - expression: .*authorizer.*
    name: generated.istio-tenancy.dev
`, got, version)
		require.NotContains(t, got, `expression: "false"`)
		require.Equal(t, got, objecttest.Run(t, filter(t, version, "auto", "ns-1"), got), "idempotent")
	}
	got := objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1"), istiod+applications+webhooks+ownValidator)
	require.Equal(t, 1, strings.Count(got, "matchConditions"), "an application's webhook keeps its own")
}

package scope_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// TestNoWebhookSeesObjectsWithoutANamespace: a namespaceSelector does not hold
// those back, so that one tenant could stop everybody's.
func TestNoWebhookSeesObjectsWithoutANamespace(t *testing.T) {
	for rule, want := range map[string]string{
		`{apiGroups: [gateway.networking.k8s.io], resources: [gatewayclasses]}`:              "Namespaced",
		`{apiGroups: [gateway.networking.k8s.io], resources: ["*"], scope: "*"}`:             "Namespaced",
		`{apiGroups: [authentication.istio.io], resources: [meshpolicies]}`:                  "Namespaced",
		`{apiGroups: ["*"], resources: ["*"]}`:                                               "Namespaced",
		`{apiGroups: [""], resources: [nodes]}`:                                              "Namespaced",
		`{apiGroups: [""], resources: [pods]}`:                                               "",
		`{apiGroups: [networking.istio.io, security.istio.io], resources: ["*"]}`:            "",
		`{apiGroups: [networking.istio.io, admissionregistration.k8s.io], resources: ["*"]}`: "Namespaced",
	} {
		text := istiod + webhooks + ownValidator + `---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: mine-istio-system1}
webhooks:
- name: mine.example.com
  clientConfig: {service: {name: mine, namespace: istio-system1}}
  rules: [` + rule + `]
`
		for _, o := range objecttest.Parse(t, objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1"), text)) {
			if o.GetName() != "mine-istio-system1" {
				continue
			}
			w := object.List(o, "webhooks")[0]
			require.Equal(t, want, object.String(object.List(w, "rules")[0], "scope"), rule)
		}
	}
}

// TestAnOwnValidatorIsNotTakenForTheDefault: what an overlay calls almost so stays.
func TestAnOwnValidatorIsNotTakenForTheDefault(t *testing.T) {
	got := objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1"), istiod+webhooks+ownValidator+`---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: istiod-mine-istio-system1}
webhooks:
- name: mine.example.com
  clientConfig: {service: {name: istiod-sales, namespace: istio-system1}}
  rules: [{apiGroups: [""], resources: [configmaps]}]
`)
	require.Contains(t, got, "istiod-mine-istio-system1")
	require.NotContains(t, got, "istiod-default-validator")
}

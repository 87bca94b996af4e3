package admit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// TestWhatIsStatedWhereNobodyReadsItIsRefused: an image of the API proxy, say, in a
// place where no tenant looks for it.
func TestWhatIsStatedWhereNobodyReadsItIsRefused(t *testing.T) {
	const (
		image = `found "a/b:1", which has no effect here: must be an annotation in metadata.annotations of the control plane's Deployment ISTIO_TENANT_NAMESPACE/istiod`
		key   = "[istio-tenancy.dev/api-proxy-image]: "
	)
	for object, want := range map[string]string{
		`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, annotations: {istio-tenancy.dev/api-proxy-image: "a/b:1"}}}`:                                           "Deployment a: metadata.annotations" + key + image,
		`{apiVersion: v1, kind: Service, metadata: {name: a, annotations: {istio-tenancy.dev/api-proxy-image: "a/b:1"}}}`:                                                   "Service a: metadata.annotations" + key + image,
		`{apiVersion: v1, kind: Service, metadata: {name: a, labels: {istio-tenancy.dev/api-proxy-image: "a/b:1"}}}`:                                                        "Service a: metadata.labels" + key + image,
		`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {metadata: {annotations: {istio-tenancy.dev/api-proxy-image: "a/b:1"}}, spec: {}}}}`: "Deployment a: spec.template.metadata.annotations" + key + image,
		`{apiVersion: v1, kind: Service, metadata: {name: a, annotations: {istio-tenancy.dev/api-proxy-imgae: "a/b:1"}}}`: `Service a: metadata.annotations[istio-tenancy.dev/api-proxy-imgae]: found "a/b:1": ` +
			`unknown key of istio-tenancy.dev; did you mean "api-proxy-image"?`,
		`{apiVersion: v1, kind: Service, metadata: {name: a, annotations: {istio-tenancy.dev/part: gateway}}}`: `Service a: metadata.annotations[istio-tenancy.dev/part]: found "gateway", ` +
			`which has no effect among the annotations: must be in metadata.labels`,
		`{apiVersion: v1, kind: Service, metadata: {name: a, labels: {istio-tenancy.dev/injection: on-request}}}`: `Service a: metadata.labels[istio-tenancy.dev/injection]: found "on-request", ` +
			`which has no effect: must be "on-request", and on a Namespace`,
		`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {istio-tenancy.dev/injection: "off"}}}`: `Namespace ns-1: metadata.labels[istio-tenancy.dev/injection]: found "off", ` +
			`which has no effect: must be "on-request", and on a Namespace`,
		`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {istio-tenancy.dev/suspended: "true"}}}`: `Namespace ns-1: metadata.labels[istio-tenancy.dev/suspended]: found "true", ` +
			`which is set for you on the tenant's Namespaces: remove it, and set spec.suspended of the tenant instead`,
		`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, annotations: {istio-tenancy.dev/allowed-registries: a.example}}}`: `Namespace ns-1: metadata.annotations[istio-tenancy.dev/allowed-registries]: found "a.example", ` +
			`which is set for you on the tenant's Namespaces: remove it, and set spec.allowed.registries of the tenant instead`,
		`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {metadata: {labels: {istio-tenancy.dev/node-selector: "true"}}, spec: {}}}}`: `Deployment a: spec.template.metadata.labels[istio-tenancy.dev/node-selector]: found "true", ` +
			`which is set for you on the tenant's Namespaces: remove it, and set spec.nodeSelector of the tenant instead`,
		`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {istio-tenancy.dev/mesh: shared}}}`: `Namespace ns-1: metadata.labels[istio-tenancy.dev/mesh]: found "shared", ` +
			`which this program sets on the Namespaces of a mesh that several tenants share: remove it`,
		`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, annotations: {istio-tenancy.dev/namespaces: "ns-0,ns-1"}}}`: `Namespace ns-1: metadata.annotations[istio-tenancy.dev/namespaces]: found "ns-0,ns-1", ` +
			`which this program sets on the Namespaces of a mesh that several tenants share: remove it`,
	} {
		require.Equal(t, want, objecttest.RunError(t, admit.Filter{Tenant: sales()}, istiod+object))
	}
	objecttest.Run(t, admit.Filter{Tenant: sales()}, istiod+`{apiVersion: v1, kind: Service, metadata: {name: a, labels: {istio-tenancy.dev/part: gateway}, annotations: {other.istio-tenancy.dev/a: b}}}`)
}

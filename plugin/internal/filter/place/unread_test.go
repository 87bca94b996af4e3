package place_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestSaysWhatIstiodDoesNotRead(t *testing.T) {
	const here = ": metadata.namespace: the tenant's control plane watches ns-1 alone (spec.discovery), so that it reads nothing of this kind here: " +
		"write namespace: ns-1"
	for _, test := range []struct {
		name, object, version string
		namespaces            []string
		want                  []string
	}{
		{"beside the control plane", `{apiVersion: security.istio.io/v1beta1, kind: PeerAuthentication, metadata: {name: a, namespace: istio-system1}}`,
			"1.6.0", []string{"ns-1"}, []string{"PeerAuthentication istio-system1/a" + here}},
		{"a kind that nobody knows", `{apiVersion: networking.istio.io/v1, kind: New, metadata: {name: a, namespace: istio-system1}}`,
			"1.31.0", []string{"ns-1"}, []string{"New istio-system1/a" + here}},
		{"an own EnvoyFilter", `{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: a, namespace: istio-system1}}`,
			"1.20.0", []string{"ns-1"}, []string{"EnvoyFilter istio-system1/a" + here}},
		{"the charts'", `{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: a, namespace: istio-system1, labels: {istio.io/rev: sales}}}`,
			"1.20.0", []string{"ns-1"}, nil},
		{"which later charts do not have", `{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: a, namespace: istio-system1, labels: {istio.io/rev: sales}}}`,
			"1.31.0", []string{"ns-1"}, []string{"EnvoyFilter istio-system1/a" + here}},
		{"where it is watched", `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: ns-1}}`, "1.31.0", []string{"ns-1"}, nil},
		{"which is everywhere", `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: istio-system1}}`,
			"1.31.0", []string{"ns-1", "ns-2"}, nil},
		{"what this program made", `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}}`,
			"1.31.0", []string{"ns-1"}, nil},
		{"another kind", `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: istio-system1, labels: {istio.io/rev: blue}}}`, "1.31.0", []string{"ns-1"}, nil},
		{"defaults for a class of gateways", `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: istio-system1, labels: {gateway.istio.io/defaults-for-class: istio-sales}}}`,
			"1.31.0", []string{"ns-1"}, []string{`ConfigMap istio-system1/a: metadata.labels[gateway.istio.io/defaults-for-class]: found "istio-sales": ` +
				"the tenant's control plane watches ns-1 alone (spec.discovery), so that it reads no defaults for its Gateways here: " +
				"name a ConfigMap in the namespace of each under its spec.infrastructure.parametersRef"}},
		{"defaults where they are read", `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: istio-system1, labels: {gateway.istio.io/defaults-for-class: istio-sales}}}`,
			"1.31.0", []string{"ns-1", "ns-2"}, nil},
		{"a gateway's, which moves", `{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: istio-system1, labels: {istio-tenancy.dev/part: gateway}}}`,
			"1.31.0", []string{"ns-1"}, nil},
		{"another revision", `{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, labels: {istio.io/rev: blue}}}`, "1.31.0", []string{"ns-1"}, []string{
			`VirtualService ns-1/a: metadata.labels[istio.io/rev]: found "blue", so that the tenant's control plane, of revision "sales", skips it: remove the label`}},
		{"no revision", `{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, labels: {istio.io/rev: default}}}`, "1.31.0", []string{"ns-1"}, []string{
			`Gateway ns-1/a: metadata.labels[istio.io/rev]: found "default", so that the tenant's control plane, of revision "sales", skips it: remove the label`}},
		{"the tenant's", `{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, labels: {istio.io/rev: sales}}}`, "1.31.0", []string{"ns-1"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := filter()
			f.Version, f.Tenant.Spec.ApplicationNamespaces = test.version, test.namespaces
			if len(test.namespaces) > 1 {
				f.Tenant.Spec.Discovery = "selectors" // by name: no warning of it
			}
			var warnings []string
			f.Warn = func(w string) { warnings = append(warnings, w) }
			objecttest.Run(t, f, test.object)
			require.Equal(t, test.want, warnings)
		})
	}
}

// TestSaysWhichGatewayGetsNoPods: istiod watches its own namespace, and writes no
// Deployments there.
func TestSaysWhichGatewayGetsNoPods(t *testing.T) {
	const (
		istios     = `{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: %s}, spec: {selector: %s}}`
		unselected = "Gateway istio-system1/a: metadata.namespace: istiod gives a Gateway to proxies of its own namespace alone, and no workload among the " +
			"objects here has the labels of its selector; gateways run with the applications: write namespace: ns-1"
		api  = `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a, namespace: %s}, spec: {addresses: %s}}`
		want = "Gateway istio-system1/a: metadata.namespace: istiod has no right to write Deployments in its own namespace, so that this Gateway gets no " +
			"Pods: write namespace: ns-1, or name the Service of an existing gateway under spec.addresses"
	)
	for _, test := range []struct {
		version, object string
		want            []string
	}{
		{"1.31.0", fmt.Sprintf(api, "istio-system1", "[]"), []string{want}},
		{"1.31.0", fmt.Sprintf(api, "istio-system1", "[{value: gateway.ns-1.svc.cluster.local, type: Hostname}]"), nil},
		{"1.31.0", fmt.Sprintf(api, "ns-1", "[]"), nil},
		{"1.11.0", fmt.Sprintf(api, "istio-system1", "[]"), nil},
		{"1.31.0", fmt.Sprintf(istios, "istio-system1", "{app: mine}"), nil},
		{"1.31.0", fmt.Sprintf(istios, "istio-system1", "{istio: ingressgateway}"), []string{unselected}},
		{"1.31.0", fmt.Sprintf(istios, "ns-1", "{istio: ingressgateway}"), nil},
		{"1.31.0", `{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: istio-system1}}`, nil},
		{"1.31.0", `{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: istio-system1}}`, nil},
	} {
		f := filter()
		f.Version, f.Tenant.Spec.Discovery = test.version, "proxy"
		var warnings []string
		f.Warn = func(w string) { warnings = append(warnings, w) }
		got := objecttest.Run(t, f, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1, annotations: {istio-tenancy.dev/api-proxy-image: "a/b:1.0"}}
spec: {template: {spec: {containers: [{name: discovery, image: "istio/pilot:1.31.0", args: [discovery]}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: mine, namespace: istio-system1}
spec: {template: {metadata: {labels: {app: mine}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, namespace: istio-system1, labels: {istio-tenancy.dev/part: gateway}}
spec: {template: {metadata: {labels: {istio: ingressgateway}}}}
---
`+test.object)
		require.Equal(t, test.want, warnings, test.object)
		if strings.Contains(test.object, "istio-system1") {
			require.Contains(t, got, "{name: a, namespace: istio-system1", "it stays where it is")
		}
	}
}

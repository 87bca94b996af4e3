// Package scope limits what a control plane watches, injects and validates to
// its tenant's namespaces.
//
// In, a tenant's own istiod that still looks at the whole cluster; out, for the
// one application namespace ns-1:
//
//	kind: Deployment
//	  env: [{name: ISTIO_WATCH_NAMESPACE, value: ns-1}, {name: K8S_INGRESS_NS, value: ns-1}, ...]
//
//	kind: ConfigMap                      # the mesh
//	  trustDomain: sales.mesh            # with several namespaces, discoverySelectors too
//
//	kind: MutatingWebhookConfiguration   # each webhook
//	  namespaceSelector: kubernetes.io/metadata.name In [ns-1]
//
//	kind: ValidatingWebhookConfiguration
//	  namespaceSelector: kubernetes.io/metadata.name In [istio-system1, ns-1]
//
// A webhook is the control plane's if it calls a Service of its Pods. Any other
// keeps what it says; its namespaceSelector gets one more expression, and its
// rules the scope Namespaced, where they could match objects without a namespace.
//
// Istio's objects in the mesh's root namespace move to the one that the control
// plane watches, if it does not watch both and the objects have the same meaning
// there; a warning names each. An object that would have another meaning is an error.
//
// What a base has set itself, and the tenant sets otherwise, is named in a
// warning.
//
// Before istiod there are more programs, each with an argument of its own (see
// package istio), and there may be a Prometheus in any version:
//
//	kind: Deployment                     # istio-pilot, up to 1.6
//	  args: [discovery, --appNamespace, ns-1]
//
//	kind: ConfigMap                      # the mesh, up to 1.10
//	  ingressClass: istio-sales
//
//	kind: ConfigMap                      # prometheus.yml, each discovery
//	  namespaces: {names: [istio-system1, ns-1]}
package scope

// Package scope limits what a control plane watches, injects and validates to
// its tenant's namespaces.
//
// In, a tenant's own istiod that still looks at the whole cluster; out, for the
// one application namespace ns-1:
//
//	kind: Deployment
//	  env: [{name: ISTIO_WATCH_NAMESPACE, value: ns-1}, ...]
//
//	kind: ConfigMap                      # the mesh
//	  rootNamespace: ns-1                # what istiod watches holds the mesh-wide settings
//	  trustDomain: sales.mesh
//
//	kind: MutatingWebhookConfiguration   # each webhook
//	  namespaceSelector: kubernetes.io/metadata.name In [ns-1]
//
//	kind: ValidatingWebhookConfiguration
//	  namespaceSelector: kubernetes.io/metadata.name In [istio-system1, ns-1]
package scope

// Package confine replaces a control plane's rights on the whole cluster by
// rights in its tenant's namespaces.
//
// In, as Istio's charts bind it to every namespace; out, for a tenant whose
// istiod watches ns-1 only:
//
//	kind: ClusterRole, ClusterRoleBinding    # what has no namespace
//	  nodes, namespaces: get, list, watch
//	  mutatingwebhookconfigurations: update, by resourceNames
//
//	kind: Role, RoleBinding                  # ...-confined, in istio-system1 and ns-1
//	  pods, services, secrets: get, list, watch
//
// With the API proxy, Roles in istio-system1 have the same as in ns-1, to read,
// and the ClusterRole has the tenant's Namespaces and webhooks by resourceNames.
//
// The catalogue (package istio) has, for each component, the purpose of each
// right, and where the tenant has it. Exceptions are the rights that cannot be confined. What
// the catalogue does not know is an error, unless a known program only reads it,
// or the tenant allows it in spec.controlPlane.rights.
package confine

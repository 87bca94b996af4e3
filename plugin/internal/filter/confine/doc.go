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
// What each right is for, and where it goes, stands in tables: see rights.go for
// istiod, and accounts.go for the programs that there were before it, and for
// Prometheus. Exceptions are the rights that cannot be confined.
package confine

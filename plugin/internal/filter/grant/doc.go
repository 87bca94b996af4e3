// Package grant gives a tenant's administrators and viewers their rights.
//
// For the tenant sales with the administrator sales-admin:
//
//	kind: Role                    # ns-access-for-sales-admin-istio-system1
//	  namespace: istio-system1    # what adminAccess says, resource by resource
//	kind: RoleBinding             # access-all-istio-system1
//	  subjects: [{kind: User, name: sales-admin}]
//
//	kind: RoleBinding             # access-all-ns-1
//	  namespace: ns-1
//	  roleRef: {kind: ClusterRole, name: admin}
//
// No rule has a wildcard: in the core group it would include the Namespace
// itself, which the API server authorizes in that namespace.
package grant

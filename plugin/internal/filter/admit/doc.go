// Package admit sorts a base's objects by their owner, and refuses those that
// a tenant must not have.
//
// For a tenant with control plane in istio-system1 and applications in ns-1:
//
//	namespace: ISTIO_TENANT_NAMESPACE   the base's control plane: claimed
//	namespace: istio-system1, ns-1      the tenant's: claimed
//	no namespace                        an application: claimed
//	namespace: ns-0                     foreign: an error
//	kind: CustomResourceDefinition      common, once per cluster: an error
//	kind: ClusterRole, name: a-istio-system1            the control plane's: claimed
//	kind: ClusterRole, name: view                       the cluster's: an error
//	a webhook that calls ns-1/app                       an application's: an error
//	kind: Widget of an unknown group                    perhaps the cluster's: an error, unless the tenant lists it
//	kind: RoleBinding for system:authenticated          for everybody: an error
//	name: ztunnel                       ambient, once per cluster: an error
package admit

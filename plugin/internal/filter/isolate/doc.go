// Package isolate puts walls around a tenant: its Namespaces and their labels,
// NetworkPolicies, mutual TLS, the policy that denies other tenants'
// identities, and quotas.
//
// For the tenant sales with control plane in istio-system1 and applications in
// ns-1, it adds
//
//	Namespace istio-system1, ns-1                labelled with the tenant; ns-1 with the revision; Argo CD and Flux do not prune them
//	NetworkPolicy istio-system1/allow-tenant     from the tenant's namespaces
//	NetworkPolicy istio-system1/allow-webhooks   from the API server to istiod's webhooks
//	NetworkPolicy ns-1/allow-tenant              from the tenant's namespaces
//	                                             (withinTenant: deny: allow-control-plane, from its namespace)
//	NetworkPolicy ns-1/allow-ingress-<gateway>   from everybody to what a gateway's Services offer outside, where it runs
//	NetworkPolicy ns-1/allow-deployed-gateways   the same for gateways that istiod deploys later, by their label
//	ClusterNetworkPolicy floor-...-istio-system1 if the tenant has a floor: what no NetworkPolicy of its own opens
//	PeerAuthentication ns-1/default              mutual TLS in all that istiod watches
//	AuthorizationPolicy ns-1/deny-other-tenants  by the namespace in the peer's certificate
//	ResourceQuota ns-1/tenant-quota              if the tenant has a quota
//
// Before Istio 1.5 there is neither a PeerAuthentication nor an
// AuthorizationPolicy that denies; before 1.6, namespaces carry istio-injection,
// and each Service that a webhook calls has its own allow-webhooks-<service>.
// Before 1.14, namespaces carry kubernetes.io/metadata.name, too: Kubernetes
// writes it since 1.21.
package isolate

// Package netpol says whether the NetworkPolicies and ClusterNetworkPolicies of a
// snapshot allow a connection. The engine of kube-network-policies evaluates them.
//
//	NetworkPolicy ns-1/allow-monitoring {ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}]}
//
//	Opens("ns-1")                        -> rule 0 of it: monitoring
//	Any("monitoring", Pod ns-1/reviews)  -> TCP 9080, by rule 0 of it
//	Any("hr", Pod ns-1/reviews)          -> none
//
// Where a manifest leaves something open, the package assumes the worst case. A Pod
// may have any private address, so that an ipBlock with private addresses may select
// it. A Pod on the network of its node reaches every Pod, because NetworkPolicies never
// deny connections of a node to its own Pods. Of ClusterNetworkPolicies with the same
// priority, a cluster may apply any. A manifest does not say whether a cluster
// enforces policies.
package netpol

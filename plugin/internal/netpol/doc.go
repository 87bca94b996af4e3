// Package netpol says whether the network lets a connection come about, over the
// NetworkPolicies and ClusterNetworkPolicies of a snapshot. The engine of
// kube-network-policies evaluates them.
//
//	NetworkPolicy ns-1/allow-monitoring {ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}]}
//
//	Opens("ns-1")                        -> rule 0 of it: monitoring
//	Any("monitoring", Pod ns-1/reviews)  -> TCP 9080, by rule 0 of it
//	Any("hr", Pod ns-1/reviews)          -> none
//
// What a manifest does not say is taken to be what is worst. A Pod has any private
// address, so that an ipBlock with some of those may be meant for it. A Pod on the
// network of its node reaches every Pod, as NetworkPolicies never keep a node from
// its own Pods. Whether a cluster enforces any policy, no manifest says.
package netpol

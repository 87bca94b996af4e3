// Package node runs a real node beside a cluster: containerd, kubelet,
// kube-proxy, the scheduler, CoreDNS, and kube-router, which enforces
// NetworkPolicies. Pods run, from images that are made here:
//
//	code, err := node.Isolate() // once, at the start: namespaces of its own
//	n, err := node.Start(binaries, node.Options{Logs: dir, Images: images})
//	defer n.Stop()
//	n.Cluster.Admin.Apply(objects)
//
// It needs root and Debian's packages; see Packages. All of it is in namespaces
// of its own (network, mounts, processes, names), which end with the process
// that holds them, however it ends; Isolate removes what no namespace holds.
//
//	10.96.0.0/16  Services: kubernetes .0.1, DNS .0.10
//	10.98.0.0/16  Pods, on the bridge pods0
//	10.99.0.0/24  machines, on the bridge machines0: the node .1, one outside of the cluster .9
package node

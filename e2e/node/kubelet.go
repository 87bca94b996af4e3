package node

import (
	"fmt"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

func (n *Node) startKubelet(c kubeletCredentials) error {
	root, err := newCgroup()
	if err != nil {
		return err
	}
	names, err := n.write("resolv.conf", "")
	if err != nil {
		return err
	}
	config, err := n.write("kubelet.yaml", fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %q}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: %q
failCgroupV1: false
failSwapOn: false
clusterDNS: [%s]
clusterDomain: cluster.local
resolvConf: %q
containerRuntimeEndpoint: unix://%s
podLogsDir: %q
evictionHard: {memory.available: 50Mi, nodefs.available: 1%%, imagefs.available: 1%%, nodefs.inodesFree: 1%%}
imageGCHighThresholdPercent: 100
registryPullQPS: 0
syncFrequency: 10s
nodeStatusUpdateFrequency: 4s
`, c.ca, root, DNS, names, containerdSocket, n.file("pod-logs")))
	if err != nil {
		return err
	}
	kubeconfig, err := n.Cluster.UserKubeconfig(cluster.NodeUser(Name))
	if err != nil {
		return err
	}
	return n.Cluster.Serve("kubelet", n.ready, n.binaries["kubelet"], "--config", config, "--kubeconfig", kubeconfig,
		"--hostname-override", Name, "--node-ip", Address, "--root-dir", n.file("kubelet"), "--cert-dir", n.file("kubelet-certificates"))
}

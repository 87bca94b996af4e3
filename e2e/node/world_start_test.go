package node_test

import "testing"

func TestStart(t *testing.T) {
	w := theWorld(t)
	out, err := w.node.Cluster.Kubectl("cluster-admin", "get", "pods", "-A", "-o", "wide")
	t.Log(out, err)
}

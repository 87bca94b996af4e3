// Package gitops is the world in which GitOps tools are tested: a real node of
// package node, and Git repositories that its Pods reach. One of them is what a
// cluster administrator keeps: this repository, with what istio-tenancy renders of
// it, and with examples/ as they are shipped, but for the addresses of repositories.
//
// Each tool has tests of its own below this folder, and a node of its own, since
// each is to start with an empty cluster:
//
//	func TestMain(m *testing.M) {
//		gitops.Main(m, gitops.Tool{Families: []string{"flux"}, Table: documented}, &results)
//	}
//
//	w, err := gitops.Start(gitops.Options{Images: images})
//	defer w.Stop()
//	err = w.Platform.Commit("Break sales", map[string]string{"overlays/sales/tenant.yaml": "..."})
package gitops

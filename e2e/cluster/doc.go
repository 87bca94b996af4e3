// Package cluster runs a real API server, with etcd and the controller manager
// behind it, and real istiods beside it:
//
//	c, err := cluster.Start(binaries, cluster.Options{Logs: dir, Users: []string{"sales-admin"}})
//	defer c.Stop()
//	c.Admin.Apply(ctx, objects)             // server-side, strict
//	c.As("sales-admin").Get("/api/v1/...")  // with the user's own token
//	istiod, err := c.StartIstiod(ctx, objects)
//
// There is no scheduler, kubelet, kube-proxy or CNI: RunPods stands in for the
// first two, Isolate for the others. NetworkPolicies are therefore not enforced.
package cluster

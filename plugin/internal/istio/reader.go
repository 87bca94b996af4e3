package istio

// reader is what other clusters of a multi-cluster mesh read this one as.
var reader = Component{
	Name:     "the reader of other clusters",
	Accounts: []string{"istio-reader-service-account", "istio-multi"}, // the latter up to 1.5
	Dropped:  "reads every Secret of the cluster, for other clusters of a multi-cluster mesh",
	BareNames: []BareName{
		{Kinds: []string{"ClusterRole"}, Pattern: "istio-reader", InFront: true}, // 1.1 to 1.4
		{Kinds: []string{"ClusterRoleBinding"}, Pattern: "istio-multi", InFront: true},
	},
}

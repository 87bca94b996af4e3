package istio

// prometheus is the addon of every version. Source: prometheus/prometheus
// discovery/kubernetes.
var prometheus = Component{
	Name:           "Prometheus",
	Accounts:       []string{"prometheus"},
	Workloads:      []string{"prometheus"},
	Addon:          true,
	Configurations: []Configuration{{Mark: discoveries, Edit: editPrometheus}},
	URLs:           []URL{{Path: "/metrics", Why: "the API server's tell of every tenant"}},
	Rights: []Right{
		{
			Groups: []string{""}, Resources: []string{"nodes", "nodes/proxy", "nodes/metrics"},
			Read: None, Write: None,
			Why: "kubelets tell of every tenant's Pods, and run commands in them; the jobs that ask them are dropped",
		},
		{
			Groups: []string{""}, Resources: []string{"ingresses"},
			Read: None, Write: None, Why: "upstream names a group that has none",
		},
		{
			Groups:    []string{"", "discovery.k8s.io", "extensions", "networking.k8s.io"},
			Resources: []string{"pods", "services", "endpoints", "endpointslices", "ingresses"},
			Read:      TenantNamespaces, Write: None, Why: "discovery",
		},
		{
			Groups: []string{"extensions", "networking.k8s.io"}, Resources: []string{"ingresses/status"},
			Read: None, Write: None, Why: "discovery reads Ingresses as a whole",
		},
		{
			Groups: []string{""}, Resources: []string{"configmaps"},
			Read: ControlPlaneNamespace, Write: None, Why: "its configuration",
		},
	},
	BareNames: []BareName{{Kinds: rbacOfCluster, Pattern: "prometheus", InFront: true}},
}

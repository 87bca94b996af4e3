package istio

// mixer checks and reports requests, up to 1.7. Sources: istio/istio at 0.7.1,
// 0.8.0 and 1.4.10: mixer/cmd/mixs, mixer/pkg/config/crd and
// mixer/adapter/kubernetesenv.
var mixer = Component{
	Name:       "Mixer",
	Range:      Range{Before: "1.8"},
	Images:     []string{"mixer"},
	Containers: []string{"mixer"},
	Accounts:   []string{"istio-mixer-service-account"},
	Workloads:  []string{"istio-statsd-prom-bridge"}, // 0.8
	Kubeconfig: &mixerKubeconfig,
	Arguments: []Argument{
		{
			Name: "--configStoreURL", Value: "k8s://?ns={namespaces}", Modes: listing,
			Why: "Mixer uses the configuration of these namespaces; it lists the whole cluster and drops the rest",
		},
		{
			Name: "--configStoreURL", Value: "k8s://" + kubeconfigDirectory + "/" + kubeconfigFile + "?ns={namespaces}", Modes: proxied,
			Why: "the same, through the API proxy, which lists these namespaces only",
		},
	},
	Rights: []Right{
		{
			Groups: []string{"config.istio.io"}, Resources: []string{"*"},
			Read: ListedException, Write: None,
			Why: "Mixer lists its configuration in the whole cluster, and drops what is not in ?ns= afterwards",
		},
		{
			Groups: []string{"", "extensions", "apps"}, Resources: []string{"pods", "replicasets", "replicationcontrollers"},
			Read: ListedException, Write: None,
			Why: "the kubernetesenv adapter lists the whole cluster to find the Pod behind an address",
		},
		{
			Groups: []string{""}, Resources: []string{"configmaps", "secrets"},
			Read: ControlPlaneNamespace, Write: None, Why: "other clusters of the mesh",
		},
		{
			Groups: []string{""}, Resources: []string{"services", "endpoints", "namespaces"},
			Read: None, Write: None, Why: "no adapter looks at them",
		},
		{
			Groups: []string{"apiextensions.k8s.io"}, Resources: []string{"customresourcedefinitions"},
			Read: Cluster, Write: None, Why: "Mixer waits for the kinds that it watches",
		},
	},
}

// mixerPostInstall is a Job that applies Mixer's configuration, in 0.8 and 1.0.
var mixerPostInstall = Component{
	Name:      "Mixer's post-install Job",
	Range:     Range{Before: "1.8"},
	Accounts:  []string{"istio-mixer-post-install-account"},
	Workloads: []string{"istio-mixer-post-install"},
	Rights: []Right{
		{
			Groups: []string{"config.istio.io", "networking.istio.io"}, Resources: []string{"*"},
			Read: ControlPlaneNamespace, Write: ControlPlaneNamespace, Why: "a Job that applies Mixer's configuration",
		},
		{
			Groups:    []string{"", "apiextensions.k8s.io"},
			Resources: []string{"configmaps", "endpoints", "pods", "services", "namespaces", "secrets", "customresourcedefinitions"},
			Read:      None, Write: None, Why: "the Job does not look at them",
		},
	},
}

// mixerValidator is an account of 0.7 that nothing runs as.
var mixerValidator = Component{
	Name:      "Mixer's validator",
	Range:     Range{Before: RevisionsSince},
	Accounts:  []string{"istio-mixer-validator-service-account"},
	Workloads: []string{"istio-mixer-validator"},
	Idle:      "nothing runs as it",
}

package istio

// citadel is the CA of a control plane up to 1.5, called istio-ca in 0.x.
// Sources: istio/istio at 0.7.1, 0.8.0 and 1.4.10: security/cmd/istio_ca,
// security/pkg/k8s/controller.
var citadel = Component{
	Name:       "Citadel",
	Range:      Range{Before: RevisionsSince},
	Images:     []string{"istio-ca", "citadel"},
	Containers: []string{"istio-ca", "citadel"},
	Accounts:   []string{"istio-ca-service-account", "istio-citadel-service-account"},
	Arguments: []Argument{
		{
			Range: Range{Before: "1.1"}, Name: "--listened-namespace", Value: "{application}",
			Why: "the CA makes certificates for, and logs, ServiceAccounts of this namespace only; " +
				"it knows one, so that the control plane's own accounts get none",
		},
		{
			Range: Range{Since: "1.1"}, Name: "--listened-namespaces", Value: "{namespaces}",
			Why: "Citadel makes certificates for, and logs, ServiceAccounts of these namespaces only",
		},
	},
	Rights: []Right{
		{
			Groups: []string{""}, Resources: []string{"secrets"},
			Read: TenantNamespaces, Write: TenantNamespaces, Why: "its key; a certificate for each ServiceAccount",
		},
		{
			Groups: []string{""}, Resources: []string{"serviceaccounts", "services"},
			Read: TenantNamespaces, Write: None, Why: "whom to make certificates for",
		},
		{
			Groups: []string{""}, Resources: []string{"configmaps"},
			Read: ControlPlaneNamespace, Write: ControlPlaneNamespace, Why: "its root certificate",
		},
		{
			Groups: []string{""}, Resources: []string{"namespaces"},
			Read: Cluster, Write: None, Why: "which namespaces ask for certificates",
		},
		{
			Groups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"},
			Read: None, Write: Cluster, Why: "proxies prove who they are by ServiceAccount token",
		},
	},
}

// securityPostInstall is a Job of 1.0 to 1.4.
var securityPostInstall = Component{
	Name:     "Citadel's post-install Job",
	Accounts: []string{"istio-security-post-install-account"},
	Dropped:  "applies the MeshPolicy, of which a cluster has one; a tenant's is a Policy in its namespaces",
}

// oldCACleanup is a Job of 0.8 that removes the CA of 0.7, by a Role of its own.
var oldCACleanup = Component{
	Name:      "the Job that removes the CA of 0.7",
	Range:     Range{Before: "1.1"},
	Accounts:  []string{"istio-cleanup-old-ca-service-account"},
	Workloads: []string{"istio-cleanup-old-ca"},
}

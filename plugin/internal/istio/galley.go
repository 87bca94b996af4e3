package istio

// Names of Galley's that limiting it follows.
const (
	// RegisteredKey is where Galley, up to 1.4, reads the webhooks that it registers.
	RegisteredKey = "validatingwebhookconfiguration.yaml"
	// RegisteredName is what the configuration of those webhooks is called for a tenant.
	RegisteredName = "istio-galley-{controlPlane}"
)

// galley validates configuration up to 1.4, and distributes it from 1.1 on.
// Sources: istio/istio at 0.8.0 and 1.4.10: galley/cmd/galley,
// galley/pkg/crd/validation.
var galley = Component{
	Name:       "Galley",
	Range:      Range{Before: "1.5"},
	Images:     []string{"galley"},
	Containers: []string{"galley"},
	Accounts:   []string{"istio-galley-service-account"},
	Arguments: []Argument{
		{
			Range: Range{Since: "1.1"}, Name: "--enable-server", Switch: true, Value: "false",
			Why: "Galley serves Pilot and Mixer the whole cluster's configuration, and no argument limits it; " +
				"without it they read their own. It still validates",
		},
		{
			Range: Range{Since: "1.1"}, Name: "--webhook-name", Value: RegisteredName,
			Why: "tenants with one name would overwrite each other's webhooks",
		},
	},
	Rights: []Right{
		{
			Groups: []string{"extensions", "apps"}, Resources: []string{"deployments"},
			Read: ControlPlaneNamespace, Write: None, Why: "its own",
		},
		{
			Groups: []string{""}, Resources: []string{"endpoints"},
			Read: ControlPlaneNamespace, Write: None, Why: "Galley waits for its own before it registers its webhooks",
		},
		{
			Groups: []string{""}, Resources: []string{"namespaces/finalizers"},
			Read: None, Write: ClusterByName, Why: "its namespace owns its webhooks, which go with it",
		},
		{
			Groups: []string{"extensions"}, Resources: []string{"ingresses"},
			Read: ApplicationNamespaces, Write: None, Why: "configuration",
		},
		{
			Groups: []string{"admissionregistration.k8s.io"}, Resources: []string{"validatingwebhookconfigurations"},
			Read: Cluster, Write: ClusterByName, Why: "Galley registers its webhooks, with its certificate",
		},
		{
			Groups: []string{"apiextensions.k8s.io"}, Resources: []string{"customresourcedefinitions"},
			Read: Cluster, Write: None, Why: "Galley waits for the kinds that it watches",
		},
		{
			Groups: []string{""}, Resources: []string{"nodes", "namespaces"},
			Read: Cluster, Write: None, Why: "locality of endpoints; labels of namespaces",
		},
		{
			Groups: []string{""}, Resources: []string{"pods", "services"},
			Read: ApplicationNamespaces, Write: None, Why: "configuration",
		},
		{
			Groups: goneGroups, Resources: []string{"meshpolicies", "clusterrbacconfigs"},
			Read: Cluster, Write: None, Why: "these kinds have no namespace",
		},
		{
			Groups: istioGroups, Resources: []string{"*/status"}, Verbs: []string{"update"},
			Read: None, Write: ApplicationNamespaces, Why: "what is wrong with configuration",
		},
		{
			Groups: istioGroups, Resources: []string{"*"},
			Read: ApplicationNamespaces, Write: None, Why: "configuration",
		},
	},
}

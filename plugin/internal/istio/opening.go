package istio

// Opening is a setting that nobody of the project's can judge: it may be meant. One of
// the control plane may let somebody else say who is a member, and one of an addon lets
// in whoever connects.
type Opening struct {
	// Name of an argument, a variable or a field of the mesh.
	Name string
	// Prefix says that everything counts whose name begins so.
	Prefix bool
	// Usual are values that Istio's charts have.
	Usual []string
	// Why is what it opens.
	Why string
}

// Openings are those of a program.
type Openings struct {
	Arguments, Variables, Mesh []Opening
	// Program is what the image runs where nobody says a command.
	Program string
	// Directory is where the program reads the mesh's configuration from.
	Directory string
	// ClusterLabel is on Secrets with the address of another API server, and
	// ClusterSecrets are names of such. WhyCluster says what that server may do.
	ClusterLabel   string
	ClusterSecrets []string
	WhyCluster     string
}

// istiodOpenings have these sources in istio/istio, 1.6 to 1.31:
// pilot/cmd/pilot-discovery/app/cmd.go, pilot/pkg/features/pilot.go,
// pilot/pkg/bootstrap (mesh.go, server.go, configcontroller.go), pkg/kube/multicluster,
// security/pkg/server/ca/authenticate/kubeauth and the chart istio-discovery.
var istiodOpenings = Openings{
	Arguments: []Opening{
		{Name: "--meshConfig", Why: meshFromElsewhere},
		{Name: "--networksConfig", Why: "it reads the networks of the mesh from another file, of which nothing is checked"},
		{Name: "--configDir", Why: "it reads Istio's configuration from files, of which nothing is checked"},
		{Name: "--kubeconfig", Why: otherServer},
		{Name: "--clusterRegistriesNamespace", Why: "it takes Secrets of that namespace for other API servers, which then say who is who"},
		{Name: "--registries", Why: "it takes services from elsewhere than the API server"},
		{Name: "--clusterAliases", Why: "another cluster's API server may then speak for this one"},
		{Name: "--caCertFile", Why: "it takes client certificates of that CA for members'"},
		{Name: "--tlsCertFile", Why: "it shows that certificate instead of its own"},
	},
	Variables: []Opening{
		{Name: "KUBERNETES_SERVICE_HOST", Why: otherServer},
		{Name: "KUBERNETES_SERVICE_PORT", Why: otherServer},
		{Name: "KUBECONFIG", Usual: []string{"/var/run/secrets/remote/config"}, Why: otherServer},
		{Name: "PILOT_MULTICLUSTER_KUBECONFIG_PATH", Why: otherServer},
		{Name: "SHARED_MESH_CONFIG", Why: meshFromElsewhere},
		{Name: "EXTERNAL_CA", Why: "another CA than the tenant's signs certificates of the mesh"},
		{Name: "ROOT_CA_DIR", Why: "it reads the CA's key from there"},
		{Name: "UNSAFE_", Prefix: true, Why: "Istio calls it unsafe"},
	},
	Mesh: []Opening{
		{Name: "trustDomainAliases", Why: "identities of those trust domains count as the tenant's own, wherever their CA is trusted"},
		{Name: "caCertificates", Why: "certificates of those CAs are trusted in the mesh"},
		{Name: "configSources", Why: "istiod takes Istio's configuration from there as well, or instead of from the API server"},
		{Name: "ca", Why: "another CA than the tenant's signs certificates of the mesh"},
	},
	Program:        "pilot-discovery",
	Directory:      "/etc/istio/config",
	ClusterLabel:   "istio/multiCluster",
	ClusterSecrets: []string{"istio-kubeconfig"},
	WhyCluster: "istiod takes the API server that it names for one of the mesh's clusters, whose tokens say who is a member; " +
		"leave it out: a cluster administrator who trusts that server makes it beside the build",
}

const (
	meshFromElsewhere = "it reads the mesh's configuration from elsewhere, of which nothing is checked"
	otherServer       = "that API server then says who is who, instead of this cluster's"
)

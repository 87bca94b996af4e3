package istio

// Opening is a setting that this project cannot check, because it may be intended.
// With a setting of the control plane, somebody else may decide who is a member; with
// one of an addon, everybody who can connect gets access.
type Opening struct {
	// Name of an argument, a variable or a field of the mesh.
	Name string
	// Prefix says that it applies to every name that begins so.
	Prefix bool
	// Usual are values that Istio's charts have.
	Usual []string
	// Why is what it makes possible.
	Why string
}

// Openings are those of a program.
type Openings struct {
	Arguments, Variables, Mesh []Opening
	// Program is what the image runs if no command is set.
	Program string
	// Directory is where the program reads the mesh's configuration from.
	Directory string
	// ClusterLabel is on Secrets with the address of another API server, and
	// ClusterSecrets are names of such Secrets. WhyCluster explains what that server
	// may do.
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
		{Name: "--clusterRegistriesNamespace", Why: "it takes Secrets of that namespace for other API servers, which then decide who is who"},
		{Name: "--registries", Why: "it takes services from elsewhere than the API server"},
		{Name: "--clusterAliases", Why: "another cluster's API server may then speak for this one"},
		{Name: "--caCertFile", Why: "it accepts client certificates of that CA as those of members"},
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
	WhyCluster: "istiod takes the API server that it names for one of the mesh's clusters, whose tokens decide who is a member; " +
		"leave it out: a cluster administrator who trusts that server creates it outside of the output",
}

const (
	meshFromElsewhere = "it reads the mesh's configuration from elsewhere, of which nothing is checked"
	otherServer       = "that API server then decides who is who, instead of this cluster's"
)

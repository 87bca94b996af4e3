package istio

// AmbientVariable is istiod's environment variable that turns ambient mode on.
const AmbientVariable = "PILOT_ENABLE_AMBIENT"

const oncePerNode = "ztunnel and the CNI node agent run once per cluster, not once per tenant; " +
	"deploy the CNI agent with the common base; ambient mode does not work with several control planes"

// The DaemonSets of ambient mode and the node agent.
var (
	ztunnel = Component{Name: "ztunnel", Workloads: []string{"ztunnel"}, OncePerCluster: oncePerNode}
	cni     = Component{Name: "the CNI node agent", Workloads: []string{"istio-cni-node"}, OncePerCluster: oncePerNode}
)

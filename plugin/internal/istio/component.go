package istio

import (
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// Component is a program of Istio's, or an addon that runs beside it.
type Component struct {
	// Name is how messages call it.
	Name string
	// Range are the versions of Istio that have it.
	Range
	// Images are how manifests call the program's image, without registry and
	// tag, and Containers its container. Either tells the component.
	Images, Containers []string
	// Accounts are the ServiceAccounts that it runs as. The account of Discovery
	// is not among them: the Deployment of the control plane says it.
	Accounts []string
	// Discovery says that the component is the control plane proper, which
	// [DiscoveryArgument] tells.
	Discovery bool
	// Proxy says that the component is a proxy, which Variables are for.
	Proxy bool
	// Addon says that the component may run in an application namespace as well,
	// whose administrators can become it: no row of Rights gives it a kind of the
	// cluster's, and what it gives beside the control plane is only to read, and no
	// more than the tenant's administrators read there.
	Addon bool

	// Kubeconfig is how the program is told of an API proxy; nil, where it is not.
	Kubeconfig *Kubeconfig
	Arguments  []Argument
	Variables  []Variable
	// Mesh are settings of the mesh's configuration.
	Mesh []Setting
	// Opens are variables that let in whoever connects.
	Opens []Opening
	// Configurations are what ConfigMaps hold of it as text.
	Configurations []Configuration
	// Identity says who is a member of its mesh; nil, where it is not a CA.
	Identity *Identity
	// Rights are what it needs; the first row that fits a resource holds.
	Rights []Right
	// URLs of the API server that it needs.
	URLs []URL
	// Idle says why what binds its accounts to a ClusterRole goes, while the
	// accounts stay; empty, where it does not.
	Idle string
	// Dropped says why a tenant has no use for it: its accounts go, with what is
	// bound to them alone.
	Dropped string
	// OncePerCluster says why a tenant cannot have it.
	OncePerCluster string
	// Workloads are what upstream calls its workloads, or what it runs beside
	// them as the same account, where no image and no container tells it.
	Workloads []string
	// Names are those of its objects that carry the revision.
	Names []Name
	// BareNames are those of its objects that carry the namespace outside of
	// UpstreamNamespace only.
	BareNames []BareName
	// Ports are where it serves.
	Ports []Port
}

// Components are all that the catalogue knows.
var Components = []Component{
	istiod, pilot, mixer, mixerPostInstall, mixerValidator, citadel, oldCACleanup, securityPostInstall, galley, injector, ingress, egress, proxy,
	reader, cni, ztunnel, prometheus, grafana, kiali, jaeger,
}

// Of are the components of a version.
func Of(v *semver.Version) []Component {
	return slices.DeleteFunc(slices.Clone(Components), func(c Component) bool { return !c.Holds(v) })
}

// DiscoveryArgument is the first argument of the container that every control
// plane so far has: of istiod, and of Pilot before.
const DiscoveryArgument = "discovery"

// Argument is an argument of the command line that limits a program to a tenant.
type Argument struct {
	Range
	// Modes are those that need it; none is all.
	Modes []v1alpha1.Discovery
	// Name is what is written, Short the letter that means the same.
	Name, Short string
	// Apart says that name and value are two arguments.
	Apart bool
	// Switch says that it may stand without a value.
	Switch bool
	// OnlyIfSet leaves command lines alone that do not have it.
	OnlyIfSet bool
	// Value for a tenant: text with placeholders, see [Values].
	Value string
	// Elsewhere says what it does in the other modes, where a base may not have
	// it; empty, where it does no harm.
	Elsewhere string
	// Why it is set, and what it does not limit.
	Why string
}

// Variable is an environment variable that a program of a tenant needs.
type Variable struct {
	Range
	// Modes are those that need it; none is all.
	Modes []v1alpha1.Discovery
	Name  string
	// Value for a tenant: text with placeholders, see [Values].
	Value string
	// OnlyIfSet leaves containers alone that do not have it.
	OnlyIfSet bool
	// List says that it is a comma list, which keeps what a base has in it.
	List bool
	// Shared: only where several tenants share the control plane.
	Shared bool
	// KeepsTenants leaves a value alone that is one of the tenant's namespaces.
	KeepsTenants bool
	// Elsewhere says what it does in the other modes, where a base may not have
	// it; empty, where it does no harm.
	Elsewhere string
	Why       string
}

// Setting is a field of the mesh's configuration that a tenant needs. Up to 1.0
// Pilot refuses a mesh with fields that it does not know.
type Setting struct {
	Range
	// Modes are those that need it; none is all.
	Modes []v1alpha1.Discovery
	Name  string
	// Value for a tenant: text with placeholders, see [Values]. Remove takes the
	// field away, and Watched sets a label selector of the watched namespaces.
	Value           string
	Remove, Watched bool
	// List is a value that is a list.
	List []string
	// Shared: only where several tenants share the control plane.
	Shared bool
	// Keeps are values of a base that stay.
	Keeps []string
	// Owner is where a tenant says the value. Any other in a base is somebody's
	// own, which a warning names, unless it is one of Usual: what Istio's charts
	// have. Without Owner, the charts may have any value.
	Owner string
	Usual []string
	Why   string
}

// Configuration is YAML of a program's own that a ConfigMap holds as text.
type Configuration struct {
	// Mark is a word that only this program's configuration has.
	Mark string
	// Edit limits it to a tenant, and says in a sentence each what somebody should
	// know of that: what is dropped because nothing of it is the tenant's, or what
	// is left that is not the tenant's.
	Edit func(config *yaml.RNode, v Values) (notes []string, err error)
}

// The ports that steps ask for.
const (
	PortDiscovery  = "discovery"
	PortMonitoring = "monitoring"
	PortWebhooks   = "webhooks"
)

// Port is where a program serves.
type Port struct {
	Range
	Name   string
	Number int
}

// Runs says whether a container of a name and an image runs the component.
func (c Component) Runs(container, image string) bool {
	image, _, _ = strings.Cut(image, "@")
	image = image[strings.LastIndexByte(image, '/')+1:]
	image, _, _ = strings.Cut(image, ":")
	return slices.Contains(c.Images, image) || slices.Contains(c.Containers, container)
}

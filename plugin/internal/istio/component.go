package istio

import (
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// Component is a program of Istio, or an addon that runs in a tenant's control plane
// namespace.
type Component struct {
	// Name is how messages call it.
	Name string
	// Range are the versions of Istio that have it.
	Range
	// Images are the names of the program's image in manifests, without registry and
	// tag, and Containers the names of its container. Either identifies the component.
	Images, Containers []string
	// Accounts are the ServiceAccounts that it runs as. The account of Discovery is
	// not among them: it is read from the Deployment of the control plane.
	Accounts []string
	// Discovery says that the component is the control plane itself, which
	// [DiscoveryArgument] identifies.
	Discovery bool
	// Proxy says that the component is a proxy, which Variables are for.
	Proxy bool
	// Addon says that the component may run in an application namespace as well, whose
	// administrators can use its rights. So no row of Rights gives it a cluster-scoped
	// kind, and in the control plane's namespace it may only read, and only what the
	// tenant's administrators may read there.
	Addon bool

	// Kubeconfig is how the program finds an API proxy; nil, if it cannot.
	Kubeconfig *Kubeconfig
	Arguments  []Argument
	Variables  []Variable
	// Mesh are settings of the mesh's configuration.
	Mesh []Setting
	// Opens are variables that give access to everybody who can connect.
	Opens []Opening
	// Configurations are the parts of ConfigMaps that hold its configuration as text.
	Configurations []Configuration
	// Identity says who is a member of its mesh; nil, where it is not a CA.
	Identity *Identity
	// Rights are the rights that it needs; the first row that fits a resource applies.
	Rights []Right
	// URLs of the API server that it needs.
	URLs []URL
	// Idle is the reason why ClusterRoleBindings of its accounts are dropped, while
	// the accounts stay; empty, if they are not dropped.
	Idle string
	// Dropped is the reason why a tenant does not need it: its accounts are dropped,
	// with the objects that are bound only to them.
	Dropped string
	// OncePerCluster is the reason why a tenant cannot have it.
	OncePerCluster string
	// Workloads are the names of its workloads in upstream's manifests, or of
	// workloads that run as the same account, if neither an image nor a container
	// identifies it.
	Workloads []string
	// Names are those of its objects that carry the revision.
	Names []Name
	// BareNames are those of its objects whose names contain the namespace outside of
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

// DiscoveryArgument is the first argument of the container of every known control
// plane: of istiod, and of Pilot before.
const DiscoveryArgument = "discovery"

// Argument is an argument of the command line that limits a program to a tenant.
type Argument struct {
	Range
	// Modes are those that need it; none means all.
	Modes []v1alpha1.Discovery
	// Name is the long form, Short the letter with the same meaning.
	Name, Short string
	// Apart says that name and value are two arguments.
	Apart bool
	// Switch says that it may be given without a value.
	Switch bool
	// OnlyIfSet leaves command lines unchanged that do not have it.
	OnlyIfSet bool
	// Value for a tenant: text with placeholders, see [Values].
	Value string
	// Elsewhere is the reason why a base may not have it in the other modes; empty, if
	// it does no harm there.
	Elsewhere string
	// Why it is set, and what it does not limit.
	Why string
}

// Variable is an environment variable that a program of a tenant needs.
type Variable struct {
	Range
	// Modes are those that need it; none means all.
	Modes []v1alpha1.Discovery
	Name  string
	// Value for a tenant: text with placeholders, see [Values].
	Value string
	// OnlyIfSet leaves containers unchanged that do not have it.
	OnlyIfSet bool
	// List says that the value is a list with commas, in which the values of a base
	// stay.
	List bool
	// Shared: only where several tenants share the control plane.
	Shared bool
	// KeepsTenants leaves a value unchanged that is one of the tenant's namespaces.
	KeepsTenants bool
	// Elsewhere is the reason why a base may not have it in the other modes; empty, if
	// it does no harm there.
	Elsewhere string
	Why       string
}

// Setting is a field of the mesh's configuration that a tenant needs. Up to 1.0
// Pilot refuses a mesh with fields that it does not know.
type Setting struct {
	Range
	// Modes are those that need it; none means all.
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
	// Owner is the field in which a tenant states the value. If a base has another
	// value, a warning names it, unless the value is one of Usual: values of Istio's
	// charts. Without Owner, the charts may have any value.
	Owner string
	Usual []string
	Why   string
}

// Configuration is a program's own YAML, which a ConfigMap holds as text.
type Configuration struct {
	// Mark is a word that occurs only in this program's configuration.
	Mark string
	// Edit limits it to a tenant, and returns a sentence for each change that somebody
	// should know: what is dropped because it is not the tenant's, and what is left
	// although it is not the tenant's.
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

package reach

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Kind is what sort of hop it is.
type Kind string

// The hops that lead on, and those that a path ends with.
const (
	Token       Kind = "token"       // asks the API server for a token of a ServiceAccount
	TokenSecret Kind = "tokenSecret" // makes a Secret that gets a token, or reads one that has it
	Impersonate Kind = "impersonate"
	RunPod      Kind = "pod"      // makes a Pod, or what makes one
	ChangePod   Kind = "change"   // changes what makes Pods, or a Pod's image
	Exec        Kind = "exec"     // runs a program in a Pod that is there
	Bind        Kind = "bind"     // binds a role that the subject need not have itself
	Escalate    Kind = "escalate" // writes rights that the subject need not have itself into a role
	Gateway     Kind = "gateway"  // has the control plane make a Deployment

	Foreign Kind = "foreign" // has a right in a namespace that is not the tenant's
	Cluster Kind = "cluster" // has a right in the whole cluster
	Node    Kind = "node"    // has a Pod that holds its node
	Relabel Kind = "relabel" // changes the labels by which a Namespace is selected
	Mesh    Kind = "mesh"    // gets a certificate of another mesh
	Webhook Kind = "webhook" // changes whose objects a webhook is asked about
)

// step is a way from a right in a namespace to a ServiceAccount there.
type step struct {
	kind Kind
	// verbs are those of which one is needed, the best known first.
	verbs []string
	right right
	// also are further rights, each needed.
	also []need
	// on is what it can be done to.
	on func(s *search, who Identity, namespace string) []target
	// sends is the object of the request; nil: it has none.
	sends func(who Identity, namespace string, on target) map[string]any
	text  string
	// spec is where a new workload has the spec of its Pods; nil: it is none.
	spec []string
}

type need struct {
	verbs []string
	right right
	name  string
}

// target is an object, and the ServiceAccount that it leads to. What is to be created has
// no name.
type target struct{ name, account string }

// everything is the ClusterRole that has every right.
const everything = "cluster-admin"

var (
	change = []string{"patch", "update"}
	read   = []string{"get", "list", "watch"}
	// connect are exec's: a POST, or a GET over WebSockets, which needs the right to create
	// as well since Kubernetes 1.35 (AuthorizePodWebsocketUpgradeCreatePermission).
	connect = []string{"create", "get"}

	serviceAccounts = resource("serviceaccounts")
)

// stepTable has the steps, those first that need the least.
var stepTable = append([]step{
	{Token, []string{"create"}, resource("serviceaccounts/token"), nil, accounts, tokenRequest, "asks for a token of {account}", nil},
	{TokenSecret, read, resource("secrets"), nil, tokens, nil, "reads Secret {namespace}/{name}, which has a token of {account}", nil},
	{TokenSecret, []string{"create"}, resource("secrets"), []need{{read, resource("secrets"), ""}}, anyAccount, secretOfToken, "makes a Secret in {namespace}, which gets a token of {account}, and reads it", nil},
	{Impersonate, []string{"impersonate"}, resource("serviceaccounts"), nil, accounts, nil, "acts as {account}", nil},
	{Exec, connect, resource("pods/exec"), nil, running, nil, "runs a program in a Pod of {account}", nil},
	{Exec, connect, resource("pods/attach"), nil, running, nil, "attaches to a Pod of {account}", nil},
	{Exec, change, resource("pods/ephemeralcontainers"), nil, running, podWithMore, "adds a container to a Pod of {account}", nil},
	{ChangePod, change, resource("pods"), nil, running, podOfAnother, "changes the image of a Pod of {account}", nil},
	{Bind, []string{"create"}, resource("rolebindings.rbac.authorization.k8s.io"), []need{{[]string{"bind"}, resource("clusterroles.rbac.authorization.k8s.io"), everything}}, anyAccount, bindingOfAll, "binds ClusterRole " + everything + " in {namespace}, and with it asks for a token of {account}", nil},
	{Escalate, change, resource("roles.rbac.authorization.k8s.io"), []need{{[]string{"escalate"}, resource("roles.rbac.authorization.k8s.io"), ""}}, heldRoles, roleOfAll, "gives Role {namespace}/{name} every right, and with it asks for a token of {account}", nil},
	{Gateway, []string{"create"}, resource("gateways.gateway.networking.k8s.io"), []need{{[]string{"create"}, resource("configmaps"), ""}}, gatewayAccounts, gateway, "makes a Gateway in {namespace}, whose Deployment the control plane makes to run as {account}", nil},
}, workloadSteps()...)

// workloadSteps are those for the kinds that make Pods.
func workloadSteps() (steps []step) {
	for _, w := range workloadResources {
		r := right{w.group, w.resource, ""}
		steps = append(steps, step{RunPod, []string{"create"}, r, nil, anyAccount, func(_ Identity, namespace string, on target) map[string]any {
			return newWorkload(w.group, w.version, w.kind, w.spec, namespace, on.account)
		}, "makes a " + w.kind + " in {namespace} that runs as {account}", w.spec})
		if w.by == "" {
			continue
		}
		steps = append(steps, step{ChangePod, change, r, nil, func(s *search, _ Identity, namespace string) []target {
			return s.workloadsOf(namespace, r)
		}, func(_ Identity, namespace string, on target) map[string]any {
			return patched(w.group, w.version, w.kind, w.spec, namespace, on)
		}, "changes " + w.kind + " {namespace}/{name} to run as {account}", nil})
	}
	return steps
}

// accounts are the ServiceAccounts of a namespace, each by its name.
func accounts(s *search, _ Identity, namespace string) (all []target) {
	for _, name := range s.accounts[namespace] {
		all = append(all, target{name, name})
	}
	return all
}

// anyAccount are the ServiceAccounts that something new may name.
func anyAccount(s *search, _ Identity, namespace string) (all []target) {
	for _, name := range s.accounts[namespace] {
		all = append(all, target{"", name})
	}
	return all
}

func tokens(s *search, _ Identity, namespace string) (all []target) {
	for _, t := range s.cluster.tokens[namespace] {
		all = append(all, target(t))
	}
	return all
}

// running are the ServiceAccounts of Pods that are there. Their names are the
// controllers', so that a right to Pods by name leads nowhere.
func running(s *search, _ Identity, namespace string) (all []target) {
	for _, w := range s.workloads[namespace] {
		if on := (target{"", w.account}); !slices.Contains(all, on) {
			all = append(all, on)
		}
	}
	return all
}

// workloadsOf are the objects of a kind, each with every ServiceAccount.
func (s *search) workloadsOf(namespace string, r right) (all []target) {
	for _, w := range s.workloads[namespace] {
		if w.group == r.group && w.resource == r.resource {
			for _, name := range s.accounts[namespace] {
				all = append(all, target{w.name, name})
			}
		}
	}
	return all
}

// heldRoles are the Roles of a namespace that are bound to an identity.
func heldRoles(s *search, who Identity, namespace string) (all []target) {
	for _, g := range s.Rights.Grants(who.subject()) {
		if g.Namespace != namespace || g.Role.Kind != "Role" {
			continue
		}
		for _, name := range s.accounts[namespace] {
			if on := (target{g.Role.Name, name}); !slices.Contains(all, on) {
				all = append(all, on)
			}
		}
	}
	return all
}

// gatewayAccounts are the ServiceAccounts of a namespace in which a control plane may make
// Deployments: for a Gateway of the Gateway API it makes one, and takes from the ConfigMap
// that the Gateway names what differs from its own template, the ServiceAccount too.
// Source: istio/istio, pilot/pkg/config/kube/gatewaycommon/deploymentcontroller.go, 1.31.
func gatewayAccounts(s *search, _ Identity, namespace string) []target {
	deployments := resource("deployments.apps")
	for _, plane := range s.planes[namespace] {
		for _, w := range s.workloads[plane] {
			for _, g := range s.Rights.Grants(account(plane, w.account).subject()) {
				if (g.Namespace == namespace || g.Namespace == "") && (covers(g.Rule, "patch", deployments, "") || covers(g.Rule, "create", deployments, "")) {
					return anyAccount(s, Identity{}, namespace)
				}
			}
		}
	}
	return nil
}

// podSpec is the Pod's spec of a workload that is there.
func podSpec(content map[string]any, path []string) map[string]any {
	spec, _, _ := unstructured.NestedMap(content, path...)
	return spec
}

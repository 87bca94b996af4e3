package reach

import (
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// Kind is the kind of a hop.
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
	// twin is what is sent where the hop is about nothing; nil: there is no such thing.
	twin func(who Identity, namespace string, on target) map[string]any
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

var (
	change = []string{"patch", "update"}
	read   = []string{"get", "list", "watch"}
	// connect are exec's: a POST, or a GET over WebSockets, which needs the right to create
	// as well since Kubernetes 1.35 (AuthorizePodWebsocketUpgradeCreatePermission).
	connect = []string{"create", "get"}

	serviceAccounts = resource("serviceaccounts")
	roleBindings    = resource("rolebindings.rbac.authorization.k8s.io")
	roles           = resource("roles.rbac.authorization.k8s.io")
	gateways        = resource("gateways.gateway.networking.k8s.io")
	clusterRoles    = resource("clusterroles.rbac.authorization.k8s.io")
)

// sameName is, of a need, the name of what the step is done to.
const sameName = "{name}"

// stepTable has the steps, those first that need the least.
var stepTable = append([]step{
	{kind: Token, verbs: []string{"create"}, right: resource("serviceaccounts/token"), on: accounts, sends: tokenRequest,
		text: "asks for a token of {account}"},
	{kind: TokenSecret, verbs: rbac.Returning, right: resource("secrets"), on: tokens,
		text: "reads Secret {namespace}/{name}, which has a token of {account}"},
	{kind: TokenSecret, verbs: []string{"create"}, right: resource("secrets"), also: []need{{rbac.Returning, resource("secrets"), ""}}, on: anyAccount, sends: secretOfToken, twin: plainSecret,
		text: "makes a Secret in {namespace}, which gets a token of {account}, and reads it"},
	{kind: TokenSecret, verbs: change, right: resource("secrets"), also: []need{{rbac.Returning, resource("secrets"), sameName}}, on: tokensOfAny, sends: tokenOfAnother,
		text: "has Secret {namespace}/{name}, which has a token, contain one of {account}, and reads it"},
	{kind: Impersonate, verbs: []string{"impersonate"}, right: resource("serviceaccounts"), on: accounts,
		text: "acts as {account}"},
	{kind: Impersonate, verbs: []string{"impersonate:serviceaccount"}, right: resource("serviceaccounts.authentication.k8s.io"), on: accounts,
		text: "acts as {account}, as far as impersonate-on allows it"},
	{kind: Exec, verbs: connect, right: resource("pods/exec"), on: running,
		text: "runs a program in a Pod of {account}"},
	{kind: Exec, verbs: connect, right: resource("pods/attach"), on: running,
		text: "attaches to a Pod of {account}"},
	{kind: Exec, verbs: change, right: resource("pods/ephemeralcontainers"), on: running, sends: podWithMore,
		text: "adds a container to a Pod of {account}"},
	{kind: ChangePod, verbs: change, right: resource("pods"), on: running, sends: podOfAnother,
		text: "changes the image of a Pod of {account}"},
	{kind: Gateway, verbs: []string{"create"}, right: gateways, also: []need{{[]string{"create"}, resource("configmaps"), ""}}, on: gatewayAccounts, sends: gateway,
		text: "makes a Gateway in {namespace}, whose Deployment the control plane makes to run as {account}"},
	{kind: Gateway, verbs: change, right: gateways, also: []need{{[]string{"create"}, resource("configmaps"), ""}}, on: gatewaysOfAny, sends: changedGateway,
		text: "changes Gateway {namespace}/{name}, whose Deployment the control plane makes to run as {account}"},
}, workloadSteps()...)

// workloadSteps are those for the kinds that make Pods.
func workloadSteps() (steps []step) {
	for _, w := range workloadResources {
		r := right{w.group, w.resource, ""}
		of := func(account func(target) string) func(Identity, string, target) map[string]any {
			return func(_ Identity, namespace string, on target) map[string]any {
				return newWorkload(w.group, w.version, w.kind, w.spec, namespace, account(on))
			}
		}
		steps = append(steps, step{
			kind: RunPod, verbs: []string{"create"}, right: r, on: anyAccount, spec: w.spec,
			sends: of(func(on target) string { return on.account }), twin: of(func(target) string { return "default" }),
			text: "makes a " + w.kind + " in {namespace} that runs as {account}",
		})
		if !w.changes() { // whose Pods' spec cannot change, or not so
			continue
		}
		steps = append(steps, step{
			kind: ChangePod, verbs: change, right: r,
			on: func(s *search, _ Identity, namespace string) []target { return s.workloadsOf(namespace, r) },
			sends: func(_ Identity, namespace string, on target) map[string]any {
				return patched(w.group, w.version, w.kind, w.spec, namespace, on)
			},
			text: "changes " + w.kind + " {namespace}/{name} to run as {account}",
		})
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

// tokensOfAny are the Secrets with a token, each with every ServiceAccount.
func tokensOfAny(s *search, _ Identity, namespace string) (all []target) {
	for _, t := range s.cluster.tokens[namespace] {
		for _, name := range s.accounts[namespace] {
			all = append(all, target{t.name, name})
		}
	}
	return all
}

// running are the ServiceAccounts of Pods that are there.
func running(s *search, _ Identity, namespace string) (all []target) {
	for _, w := range s.workloads[namespace] {
		for _, name := range w.names(s.byName) {
			if t := (target{name, w.account}); !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	return all
}

// names are those of the Pods of a workload; "" stands for one that nobody knows. The names of
// Pods are mostly the controllers', so that a right to Pods by name leads to those of a
// StatefulSet, of any ordinal that is granted, since who scales it makes more, and those that
// nobody else makes.
func (w workload) names(granted []string) []string {
	names := []string{""}
	switch w.resource {
	case "pods":
		names = append(names, w.name)
	case "statefulsets":
		for _, name := range granted {
			if ordinal, is := strings.CutPrefix(name, w.name+"-"); is && ordinal != "" && strings.Trim(ordinal, "0123456789") == "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// namesOf are those of the Pods of a workload, of which grants may be about some alone.
func (s *search) namesOf(w workload, grants []authorize.Grant) []string {
	var granted []string
	for _, g := range grants {
		granted = append(granted, g.Rule.ResourceNames...)
	}
	return w.names(granted)
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

// gatewaysOfAny are the Gateways of a namespace, each with every ServiceAccount that the
// control plane may make it run as.
func gatewaysOfAny(s *search, who Identity, namespace string) (all []target) {
	var names []string
	for _, o := range s.Of(gateways.group, "Gateway") {
		if o.ID.Namespace == namespace {
			names = append(names, o.ID.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	for _, on := range gatewayAccounts(s, who, namespace) {
		for _, name := range names {
			all = append(all, target{name, on.account})
		}
	}
	return all
}

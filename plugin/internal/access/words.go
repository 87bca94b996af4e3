package access

import (
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// Word is one of the few words that describe rights.
type Word struct {
	Name string
	// Means completes the sentence "may ...".
	Means string
	// Level is how dangerous the word's rights are. The highest level of several words
	// counts.
	Level Level

	// asks are the rights of which one is enough.
	asks []rbacv1.PolicyRule
	// groups are those of which the word says all that is written.
	groups []string
	// onlyReads: the word says nothing of changes, though a request for one may be enough.
	onlyReads bool
	// verbs is how verbs begin that are enough, whatever they are about.
	verbs string
}

// Level is how dangerous a right is.
type Level int

const (
	// Reads changes nothing and reads no Secret.
	Reads Level = iota + 1
	// Writes changes objects.
	Writes
	// Dangerous rights lead to other rights: to those of a ServiceAccount, of another
	// subject, or of the owner of a Secret.
	Dangerous
)

// builtIn are the roles that every cluster has for people.
var builtIn = []Word{
	{Name: "cluster-admin", Means: "do everything: the role cluster-admin of every cluster", Level: Dangerous},
	{Name: "admin", Means: "do what the role admin of every cluster allows: all of a namespace, with its Secrets, Pods and roles", Level: Dangerous},
	{Name: "edit", Means: "do what the role edit of every cluster allows: all of a namespace, with its Secrets and Pods, but no roles", Level: Dangerous},
	{Name: "view", Means: "do what the role view of every cluster allows: read a namespace, but no Secrets", Level: Reads},
}

var (
	write  = []string{"create", "update", "patch"}
	change = []string{"create", "update", "patch", "delete", "deletecollection"}
	read   = []string{"get", "list", "watch"}
	// connect are the verbs of what goes through the API server to a Pod, by the method of
	// the request.
	connect = []string{"get", "create", "update", "patch", "delete"}
)

const (
	core            = ""
	workloads       = "apps"
	admissions      = "admissionregistration.k8s.io"
	authentications = "authentication.k8s.io"
)

// capabilities are what a role may allow, the worst first.
//
// Source: "Privilege escalation risks" of Kubernetes' documentation, in Role Based Access
// Control Good Practices.
var capabilities = []Word{
	{Name: everything, Means: "do everything", Level: Dangerous, asks: ask([]string{"*"}, "*", "*")},
	{Name: "escalate", Means: "give a role rights that they do not have", Level: Dangerous, asks: ask([]string{"escalate"}, rbacv1.GroupName, "roles", "clusterroles")},
	{Name: "bind", Means: "give anybody a role that they do not have", Level: Dangerous, asks: ask([]string{"bind"}, rbacv1.GroupName, "roles", "clusterroles")},
	{Name: "impersonate", Means: "act as another user, group, ServiceAccount or node, in every request or in some", Level: Dangerous, verbs: impersonateOn, asks: impersonations()},
	{Name: "secrets", Means: "read Secrets, or make a request that is answered with Secrets", Level: Dangerous, onlyReads: true, asks: ask(rbac.Returning, core, "secrets")},
	{Name: "tokens", Means: "make tokens of ServiceAccounts", Level: Dangerous, asks: ask([]string{"create"}, core, "serviceaccounts/token")},
	{Name: "exec", Means: "run programs in Pods, or connect to them past the network", Level: Dangerous, asks: slices.Concat(
		ask([]string{"get", "create"}, core, "pods/exec", "pods/attach", "pods/portforward"), ask(connect, core, "pods/proxy", "services/proxy", "nodes/proxy"),
		ask([]string{"update", "patch"}, core, "pods/ephemeralcontainers"))},
	{Name: "workloads", Means: "run Pods, as any ServiceAccount of the namespace", Level: Dangerous, asks: slices.Concat(
		ask(write, core, "pods", "replicationcontrollers"), ask(write, workloads, "deployments", "statefulsets", "daemonsets", "replicasets"), ask(write, "batch", "jobs", "cronjobs"))},
	{Name: "roles", Means: "write roles and bindings, as far as they have the rights themselves", Level: Dangerous,
		asks: ask(write, rbacv1.GroupName, "roles", "rolebindings", "clusterroles", "clusterrolebindings")},
	{Name: "webhooks", Means: "write or delete webhooks and admission policies", Level: Dangerous, asks: ask(change, admissions, "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
		"validatingadmissionpolicies", "validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings")},
	{Name: "certificates", Means: "approve or sign requests for certificates", Level: Dangerous, asks: slices.Concat(
		ask([]string{"update", "patch"}, "certificates.k8s.io", "certificatesigningrequests/approval", "certificatesigningrequests/status"), ask([]string{"approve", "sign"}, "certificates.k8s.io", "signers"))},
	{Name: "namespaces", Means: "change or delete Namespaces", Level: Dangerous, asks: slices.Concat(
		ask(change, core, "namespaces"), ask([]string{"update", "patch"}, core, "namespaces/status", "namespaces/finalize"))},
	{Name: "network", Means: "write NetworkPolicies", Level: Writes, asks: ask(change, "networking.k8s.io", "networkpolicies")},
	{Name: "istio", Means: "write Istio's configuration", Level: Writes, groups: slices.Sorted(maps.Keys(istio.Resources)), asks: configurations()},
	{Name: "restart", Means: "delete Pods", Level: Writes, asks: slices.Concat(ask([]string{"delete", "deletecollection"}, core, "pods"), ask([]string{"create"}, core, "pods/eviction"))},
}

// everything is the word that says all that others say.
const everything = "everything"

// others are said of what no other word says.
var (
	writes = Word{Name: "write", Means: "write other objects", Level: Writes}
	reads  = Word{Name: "read", Means: "read some objects", Level: Reads}
)

// Words are all words, the most dangerous first.
func Words() []Word {
	return slices.Concat(builtIn[:3], capabilities, []Word{writes}, builtIn[3:], []Word{reads})
}

func ask(verbs []string, group string, resources ...string) (all []rbacv1.PolicyRule) {
	for _, verb := range verbs {
		for _, resource := range resources {
			all = append(all, rbacv1.PolicyRule{Verbs: []string{verb}, APIGroups: []string{group}, Resources: []string{resource}})
		}
	}
	return all
}

// impersonations are what a request asks that is made as another, in each mode.
func impersonations() []rbacv1.PolicyRule {
	all := slices.Concat(ask([]string{"impersonate"}, core, "users", "groups", "serviceaccounts"), ask([]string{"impersonate"}, authentications, "uids", "userextras"))
	for _, m := range modes {
		all = append(all, ask([]string{impersonate + m.name}, authentications, m.resources...)...)
	}
	return all
}

func configurations() (all []rbacv1.PolicyRule) {
	for group, resources := range istio.Resources {
		all = append(all, ask(change, group, resources...)...)
	}
	return all
}

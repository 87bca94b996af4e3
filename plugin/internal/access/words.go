package access

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"
)

// Word is one of the few words that describe rights.
type Word struct {
	Name string
	// Means completes the sentence "may ...".
	Means string
	// Level is how dangerous the word's rights are. The highest level of several words
	// counts.
	Level Level

	asks []rbacv1.PolicyRule
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
)

const (
	core       = ""
	workloads  = "apps"
	admissions = "admissionregistration.k8s.io"
)

// capabilities are what a role may allow, the worst first.
//
// Source: "Privilege escalation risks" of Kubernetes' documentation, in Role Based Access
// Control Good Practices.
var capabilities = []Word{
	{"everything", "do everything", Dangerous, ask([]string{"*"}, "*", "*")},
	{"escalate", "give a role rights that they do not have", Dangerous, ask([]string{"escalate"}, rbacv1.GroupName, "roles", "clusterroles")},
	{"bind", "give anybody a role that they do not have", Dangerous, ask([]string{"bind"}, rbacv1.GroupName, "roles", "clusterroles")},
	{"impersonate", "act as another user, group or ServiceAccount", Dangerous, slices.Concat(
		ask([]string{"impersonate"}, core, "users", "groups", "serviceaccounts"), ask([]string{"impersonate"}, "authentication.k8s.io", "uids", "userextras"))},
	{"secrets", "read Secrets", Dangerous, ask(read, core, "secrets")},
	{"tokens", "make tokens of ServiceAccounts", Dangerous, ask([]string{"create"}, core, "serviceaccounts/token")},
	{"exec", "run programs in Pods, or connect to them past the network", Dangerous, slices.Concat(
		ask([]string{"get", "create"}, core, "pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "nodes/proxy"), ask([]string{"update", "patch"}, core, "pods/ephemeralcontainers"))},
	{"workloads", "run Pods, as any ServiceAccount of the namespace", Dangerous, slices.Concat(
		ask(write, core, "pods", "replicationcontrollers"), ask(write, workloads, "deployments", "statefulsets", "daemonsets", "replicasets"), ask(write, "batch", "jobs", "cronjobs"))},
	{"roles", "write roles and bindings, as far as they have the rights themselves", Dangerous, ask(write, rbacv1.GroupName, "roles", "rolebindings", "clusterroles", "clusterrolebindings")},
	{"webhooks", "write webhooks and admission policies", Dangerous, ask(write, admissions, "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
		"validatingadmissionpolicies", "validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings")},
	{"certificates", "approve or sign requests for certificates", Dangerous, slices.Concat(
		ask([]string{"update", "patch"}, "certificates.k8s.io", "certificatesigningrequests/approval", "certificatesigningrequests/status"), ask([]string{"approve", "sign"}, "certificates.k8s.io", "signers"))},
	{"namespaces", "change or delete Namespaces", Dangerous, ask(change, core, "namespaces")},
	{"network", "write NetworkPolicies", Writes, ask(change, "networking.k8s.io", "networkpolicies")},
	{"istio", "write Istio's configuration", Writes, slices.Concat(
		ask(change, "networking.istio.io", "virtualservices", "gateways", "destinationrules", "serviceentries", "sidecars", "envoyfilters", "workloadentries"),
		ask(change, "security.istio.io", "authorizationpolicies", "peerauthentications", "requestauthentications"), ask(change, "telemetry.istio.io", "telemetries"),
		ask(change, "extensions.istio.io", "wasmplugins"))},
	{"restart", "delete Pods", Writes, slices.Concat(ask([]string{"delete", "deletecollection"}, core, "pods"), ask([]string{"create"}, core, "pods/eviction"))},
}

// others are said of a role of which no other word is true.
var (
	writes = Word{Name: "write", Means: "write some objects", Level: Writes}
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

// said is a word, of some objects only where rules name them.
type said struct {
	Word
	some bool
}

func (s said) String() string {
	if s.some {
		return "some " + s.Name
	}
	return s.Name
}

// WordsOf are the words for what rules allow, and the highest level of them.
func WordsOf(rules []rbacv1.PolicyRule) (may []string, level Level) {
	words := map[string]said{}
	for _, s := range wordsOf(rules) {
		words[s.Name] = s
	}
	return short(words)
}

// wordsOf are the words that are true of rules, the worst first.
func wordsOf(rules []rbacv1.PolicyRule) (all []said) {
	for _, w := range capabilities {
		found, some := false, true
		for _, rule := range rules {
			if slices.ContainsFunc(w.asks, func(asked rbacv1.PolicyRule) bool { return covers(rule, asked) }) {
				found, some = true, some && len(rule.ResourceNames) > 0
			}
		}
		if found {
			all = append(all, said{w, some})
		}
		if found && w.Name == "everything" {
			return all
		}
	}
	level := Level(0)
	for _, rule := range rules {
		level = max(level, levelOf(rule))
	}
	if level == Writes && !slices.ContainsFunc(all, func(s said) bool { return s.Level >= Writes }) {
		all = append(all, said{Word: writes})
	}
	if level == Reads && len(all) == 0 {
		all = append(all, said{Word: reads})
	}
	return all
}

// covers says whether a rule allows what is asked, of whichever objects it names.
func covers(rule, asked rbacv1.PolicyRule) bool {
	asked.ResourceNames = rule.ResourceNames
	allowed, _ := validation.Covers([]rbacv1.PolicyRule{rule}, []rbacv1.PolicyRule{asked})
	return allowed
}

func levelOf(rule rbacv1.PolicyRule) Level {
	if len(rule.Verbs) == 0 {
		return 0
	}
	if slices.ContainsFunc(rule.Verbs, func(verb string) bool { return !slices.Contains(read, verb) }) {
		return Writes
	}
	return Reads
}

package access

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// verbs are those of requests about resources, and those that RBAC alone asks about.
//
// Source: "Request verbs" of Kubernetes' documentation, in Authorization.
var verbs = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "impersonate", "bind", "escalate", "use", "approve", "sign", "attest", "*"}

// Verbs are the words with which a question about a resource begins.
func Verbs() []string { return slices.Clone(verbs) }

// pathVerbs are those of requests about what is no resource.
var pathVerbs = []string{"get", "head", "post", "put", "patch", "delete", "options", "*"}

// virtual are resources without a kind, which only RBAC knows, by their groups.
//
// Source: "User impersonation" and "Certificate Signing Requests" of Kubernetes' documentation.
var virtual = map[string]string{"users": "", "groups": "", "uids": "authentication.k8s.io", "userextras": "authentication.k8s.io", "signers": "certificates.k8s.io"}

// subresources are those of all resources, under "*", and of Kubernetes' own.
//
// Source: the API of Kubernetes 1.36, and pkg/kubelet/server/auth.go.
var subresources = map[string][]string{
	"*":                          {"status", "scale"},
	"pods":                       {"attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize"},
	"services":                   {"proxy"},
	"nodes":                      {"checkpoint", "configz", "healthz", "log", "metrics", "pods", "proxy", "spec", "stats"},
	"serviceaccounts":            {"token"},
	"namespaces":                 {"finalize"},
	"certificatesigningrequests": {"approval"},
}

// words are a question, taken apart.
type words struct {
	plain []string
	flags map[string]string
}

// flagNames are the flags of a question, and what they are short for.
var flagNames = map[string]string{"-n": "--namespace", "--namespace": "--namespace", "--subresource": "--subresource"}

func split(text string) (w words, err error) {
	w.flags = map[string]string{}
	fields := strings.Fields(text)
	for i := 0; i < len(fields); i++ {
		flag, value, joined := strings.Cut(fields[i], "=")
		name, known := flagNames[flag]
		switch {
		case !strings.HasPrefix(flag, "-"):
			w.plain = append(w.plain, fields[i])
			continue
		case !known:
			return w, fmt.Errorf("%s is not known", flag)
		}
		if !joined {
			if i++; i < len(fields) {
				value = fields[i]
			}
		}
		if value == "" {
			return w, fmt.Errorf("%s has no value", flag)
		}
		if before := w.flags[name]; before != "" {
			return w, fmt.Errorf("%s is given twice, %q and %q", name, before, value)
		}
		w.flags[name] = value
	}
	return w, nil
}

// ParseQuestion reads "create pods -n ns-1", "get secrets istio-ca -n ns-1", or "get
// secrets/istio-ca -n ns-1", "create pods/exec -n ns-1", "update deployments.apps" or
// "get /metrics". The part after a slash is a subresource if the resource is known to
// have it, and otherwise a name.
func ParseQuestion(text string) (Question, error) {
	q, err := parse(text)
	if err != nil {
		return Question{}, fmt.Errorf("%q: %w: must be VERB RESOURCE[.GROUP][/SUBRESOURCE] [NAME] [-n NAMESPACE], such as \"create pods -n ns-1\", or VERB /PATH", text, err)
	}
	return q, nil
}

func parse(text string) (q Question, err error) {
	w, err := split(text)
	if err != nil {
		return q, err
	}
	if len(w.plain) < 2 || len(w.plain) > 3 {
		number := "words"
		if len(w.plain) == 1 {
			number = "word"
		}
		return q, fmt.Errorf("has %d %s", len(w.plain), number)
	}
	known, what := verbs, w.plain[1]
	if strings.HasPrefix(what, "/") {
		known = pathVerbs
	}
	if q.Verb = w.plain[0]; !slices.Contains(known, q.Verb) {
		return q, fmt.Errorf("%q is no verb of Kubernetes%s", q.Verb, suggest.Question(strings.ToLower(q.Verb), known))
	}
	if strings.HasPrefix(what, "/") {
		if q.Path = what; len(w.plain) > 2 || len(w.flags) > 0 {
			return q, fmt.Errorf("%s is a path, which has neither a name nor a namespace", what)
		}
		return q, nil
	}
	if q.Namespace = w.flags["--namespace"]; q.Namespace != "" {
		if wrong := validation.IsDNS1123Label(q.Namespace); len(wrong) > 0 {
			return q, fmt.Errorf("-n: %q is not the name of a namespace", q.Namespace)
		}
	}
	resource, part, parted := strings.Cut(what, "/")
	resource, q.Group, _ = strings.Cut(resource, ".")
	if err := q.find(resource, strings.Contains(what, ".")); err != nil {
		return q, err
	}
	if err := q.name(part, parted, w); err != nil {
		return q, err
	}
	switch {
	case q.Group == "" && q.Resource == "namespaces" && q.Name != "":
		q.Namespace = q.Name
	case object.IsClusterResource(q.Group, q.Resource) && q.Namespace != "":
		return q, fmt.Errorf("%s are in no namespace", q.Resource)
	}
	return q, nil
}

// find finds which resource is meant.
func (q *Question) find(name string, grouped bool) error {
	if q.Resource = name; name == "*" {
		return nil
	}
	group, isVirtual := virtual[strings.ToLower(name)]
	if isVirtual && (!grouped || q.Group == group) {
		q.Resource, q.Group = strings.ToLower(name), group
		return nil
	}
	q.Resource = object.Named(name)
	groups := object.Groups(q.Resource)
	switch {
	case grouped && len(object.Kinds(q.Group)) > 0 && !slices.ContainsFunc(object.Kinds(q.Group), q.isOf):
		return fmt.Errorf("the group %s has no resource %s", q.Group, q.Resource)
	case grouped && len(object.Kinds(q.Group)) == 0 && q.Group != "" && !strings.Contains(q.Group, "."):
		return fmt.Errorf("%s is no group that is known: the core group has no name, and others have a dot", q.Group)
	case grouped:
	case len(groups) == 0:
		return fmt.Errorf("%s is no resource that is known by that name, without its group", name)
	case len(groups) > 1:
		return fmt.Errorf("%s is in the groups %s: one must be named, such as %s.%s", q.Resource, join(groups), q.Resource, groups[0])
	default:
		q.Group = groups[0]
	}
	return nil
}

func (q *Question) isOf(kind string) bool { return kind == "*" || object.Resource(kind) == q.Resource }

// name reads the subresource and the name.
func (q *Question) name(part string, parted bool, w words) error {
	var names []string
	if parted && part == "" {
		return fmt.Errorf("nothing is after the slash")
	}
	if q.Subresource = w.flags["--subresource"]; part != "" && q.Subresource == "" && q.has(part) {
		q.Subresource = part
	} else if part != "" {
		names = append(names, part)
	}
	if names = append(names, w.plain[2:]...); len(names) > 1 {
		return fmt.Errorf("%q and %q are two names", names[0], names[1])
	}
	if len(names) > 0 {
		q.Name = names[0]
	}
	return nil
}

// has says whether a resource is known to have a subresource: any may, of which only the
// group is known.
func (q *Question) has(subresource string) bool {
	if slices.Contains(slices.Concat(subresources["*"], subresources[q.Resource]), subresource) {
		return true
	}
	if q.Resource != "*" {
		return false
	}
	for _, all := range subresources {
		if slices.Contains(all, subresource) {
			return true
		}
	}
	return false
}

func (q Question) String() string {
	if q.Path != "" {
		return q.Verb + " " + q.Path
	}
	resource := q.Resource
	if q.Subresource != "" {
		resource += "/" + q.Subresource
	}
	text := q.Verb + " " + resourceText(q.Group, resource)
	if q.Name != "" {
		text += " " + q.Name
	}
	if q.Namespace == "" && !object.IsClusterResource(q.Group, q.Resource) && !isEverywhere(q.Resource) {
		return text + " in all namespaces"
	}
	if q.Namespace != "" && q.Resource != "namespaces" {
		text += " in " + q.Namespace
	}
	return text
}

// isEverywhere says whether a resource without a kind is of no namespace.
func isEverywhere(resource string) bool { _, is := virtual[resource]; return is }

package access

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

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
// secrets/istio-ca -n ns-1", "create pods/exec -n ns-1", "update deployments.apps",
// "update deployments.v1.apps" or "get /metrics". The part after a slash is a subresource
// if the resource is known to have it, and otherwise a name.
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
	what := w.plain[1]
	known := knownVerbs(strings.HasPrefix(what, "/"))
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
	what, part, parted := strings.Cut(what, "/")
	if err := q.find(what); err != nil {
		return q, err
	}
	if err := q.name(what, part, parted, w); err != nil {
		return q, err
	}
	switch {
	case q.Verb == impersonate+associated && q.Name != "":
		return q, fmt.Errorf("%s is about the node of the subject's own Pod, and has no name", q.Verb)
	case q.Verb == impersonate+associated:
		q.Name = "*" // for which the API server asks
	case q.isOfNamespace() && q.Namespace != "" && q.Namespace != q.Name:
		return q, fmt.Errorf("-n: found %q: Namespace %s is in no other namespace: must be left out, or %q", q.Namespace, q.Name, q.Name)
	case q.isOfNamespace():
		q.Namespace = q.Name
	case object.IsClusterResource(q.Group, q.Resource) && q.Namespace != "":
		return q, fmt.Errorf("%s are in no namespace", q.Resource)
	}
	return q, nil
}

// isOfNamespace says whether the API server asks about a Namespace within it, so that a Role
// there may allow it: not if the path of the request does not have its name.
func (q Question) isOfNamespace() bool {
	return q.Group == core && q.Resource == "namespaces" && q.Name != "" && (q.Subresource != "" || !slices.Contains([]string{"create", "list", "deletecollection"}, q.Verb))
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
	if q.Namespace == "" && !object.IsClusterResource(q.Group, q.Resource) {
		return text + " in all namespaces"
	}
	if q.Namespace != "" && q.Resource != "namespaces" {
		text += " in " + q.Namespace
	}
	return text
}

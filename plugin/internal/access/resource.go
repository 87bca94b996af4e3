package access

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// virtual are resources without a kind, which only RBAC knows, by their groups. Their
// names may have any character.
//
// Source: "User impersonation" and "Certificate Signing Requests" of Kubernetes' documentation.
var virtual = map[string]string{"users": core, "groups": core, "uids": authentications, extras: authentications, "signers": "certificates.k8s.io"}

// subresources are those of all resources, under "*", and of Kubernetes' own. RBAC asks about
// some of them that no request names.
//
// Source: the API of Kubernetes 1.36 and its roles of every cluster, pkg/kubelet/server/auth.go,
// and the admission plugins OwnerReferencesPermissionEnforcement and CertificateApproval.
var subresources = map[string][]string{
	"*":                          {"status", "scale", "finalizers"},
	"pods":                       {"attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize"},
	"services":                   {"proxy"},
	"nodes":                      {"checkpoint", "configz", "healthz", "log", "metrics", "pods", "proxy", "spec", "stats", "statusz"},
	"serviceaccounts":            {"token"},
	"namespaces":                 {"finalize"},
	"endpoints":                  {"restricted"},
	"deployments":                {"rollback"},
	"resourceclaims":             {"binding", "driver"},
	"certificatesigningrequests": {"approval", "nodeclient", "selfnodeclient"},
}

// version is how Kubernetes' API writes a version, such as v1 or v1beta1.
var version = regexp.MustCompile(`^v[0-9]+((alpha|beta)[0-9]+)?$`)

// find finds which resource a text such as "deploy", "deployments.apps" or
// "deployments.v1.apps" means.
func (q *Question) find(text string) error {
	name, group, grouped := strings.Cut(strings.ToLower(text), ".")
	if first, rest, found := strings.Cut(group, "."); found && version.MatchString(first) {
		group = rest
	}
	if q.Resource, q.Group = name, group; name == "*" {
		return nil
	}
	if mode, is := strings.CutPrefix(q.Verb, impersonate); is {
		return q.actAs(mode, text, grouped)
	}
	if group, is := virtual[name]; is && (!grouped || q.Group == group) {
		q.Group = group
		return nil
	}
	q.Resource = object.Named(name)
	groups := object.Groups(q.Resource)
	switch {
	case grouped && len(object.Kinds(q.Group)) > 0 && !slices.ContainsFunc(object.Kinds(q.Group), func(kind string) bool { return q.isOf(kind) || strings.EqualFold(kind, name) }):
		if q.Group == core {
			return fmt.Errorf("the core group has no resource %s", q.Resource)
		}
		return fmt.Errorf("the group %s has no resource %s", q.Group, q.Resource)
	case grouped && len(object.Kinds(q.Group)) == 0 && q.Group != core && !strings.Contains(q.Group, "."):
		return fmt.Errorf("%s is no group that is known: the core group has no name, and others have a dot", q.Group)
	case !grouped && name == "bindings": // which Kubernetes does not store
		q.Group = core
	case grouped:
	case len(groups) == 0:
		return fmt.Errorf("%s is no resource that is known by that name, without its group", name)
	case len(groups) > 1:
		return fmt.Errorf("%s is in the groups %s: one must be named, such as %s.%s", q.Resource, join(groups), q.Resource, groups[0])
	default:
		q.Group = groups[0]
	}
	for _, kind := range object.Kinds(q.Group) {
		if strings.EqualFold(kind, name) {
			q.Resource = object.Resource(kind) // which may not be called as it
		}
	}
	return nil
}

func (q *Question) isVirtual() bool {
	group, is := virtual[q.Resource]
	return is && (q.Group == group || q.Group == authentications)
}

func (q *Question) isOf(kind string) bool { return kind == "*" || object.Resource(kind) == q.Resource }

// actAs finds by which resource a mode names whom one acts as.
func (q *Question) actAs(mode, text string, grouped bool) error {
	if q.Resource = object.Named(q.Resource); !grouped {
		q.Group = authentications
	}
	for _, m := range modes {
		if m.name == mode && (!slices.Contains(m.resources, q.Resource) || q.Group != authentications) {
			return fmt.Errorf("%s is about %s of the group %s, and %s was asked for", q.Verb, join(m.resources), authentications, text)
		}
	}
	return nil
}

// name reads the subresource and the name. what is the resource as it was written, and part
// is what was after its slash.
func (q *Question) name(what, part string, parted bool, w words) error {
	if parted && part == "" {
		return fmt.Errorf("nothing is after the slash")
	}
	if strings.Contains(what, ".") && version.MatchString(part) {
		return fmt.Errorf("%s/%s may mean a version or a name: the version is written %s.%s.%s, and the name \"%s %s\"", what, part, q.Resource, part, q.Group, what, part)
	}
	var names []string
	if q.Subresource = w.flags["--subresource"]; part != "" && q.Subresource == "" && q.has(part) {
		q.Subresource = part
	} else if part != "" {
		names = append(names, part)
	}
	if names = append(names, w.plain[2:]...); len(names) > 1 {
		return fmt.Errorf("%q and %q are two names", names[0], names[1])
	}
	if len(names) == 0 {
		return nil
	}
	q.Name = names[0]
	if wrong := content.IsPathSegmentName(q.Name); len(wrong) > 0 && !q.isVirtual() && q.Resource != "*" {
		return fmt.Errorf("%q is no name: it %s%s", q.Name, join(wrong), q.parted(what))
	}
	return nil
}

// parted says how to write what was meant as a name and a subresource.
func (q *Question) parted(what string) string {
	name, sub, found := strings.Cut(q.Name, "/")
	if q.Subresource != "" || !found || strings.Contains(sub, "/") {
		return ""
	}
	if q.has(name) {
		name, sub = sub, name
	}
	return fmt.Sprintf("; the subresource %s of the object %s is written \"%s/%s %s\", or \"%s %s --subresource %s\"", sub, name, what, sub, name, what, name, sub)
}

// has says whether a resource is known to have a subresource: any may, of which only the
// group is known. Of what is known of somebody, each key is one.
func (q *Question) has(subresource string) bool {
	switch {
	case q.isVirtual():
		return q.Resource == extras
	case q.Resource == "*":
		for _, all := range subresources {
			if slices.Contains(all, subresource) {
				return true
			}
		}
	}
	return slices.Contains(slices.Concat(subresources["*"], subresources[q.Resource]), subresource)
}

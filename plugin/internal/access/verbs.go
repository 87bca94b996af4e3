package access

import "slices"

// requests are the verbs of requests about resources. RBAC knows more: those of rights that
// no request has by itself.
//
// Source: "Request verbs" of Kubernetes' documentation, in Authorization.
var (
	requests = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
	verbs    = slices.Concat(requests, []string{"impersonate", "bind", "escalate", "use", "approve", "sign", "attest", "*"})
)

// Verbs are the words with which most questions about a resource begin.
func Verbs() []string { return slices.Clone(verbs) }

// methods are the verbs of requests about what is no resource.
var methods = []string{"get", "head", "post", "put", "patch", "delete", "options"}

const (
	impersonate   = "impersonate:"
	impersonateOn = "impersonate-on:"
	extras        = "userextras"
)

// modes are the ways to act as another in some requests only, and the resources of
// authentication.k8s.io by which one names the other. It takes two rights: the verb
// impersonate:MODE on whom one acts as, and impersonate-on:MODE:VERB on what one asks then.
//
// Source: pkg/endpoints/filters/impersonation/mode.go of k8s.io/apiserver 0.37, which is on by
// default since Kubernetes 1.36.
var modes = []struct {
	name      string
	resources []string
}{
	{associated, []string{"nodes"}},
	{arbitrary, []string{"nodes"}},
	{"serviceaccount", []string{"serviceaccounts"}},
	{"user-info", []string{"users", "groups", "uids", extras}},
}

// The modes about nodes: that of one's own Pod, and any. These begin verbs of their own, too,
// on what a driver of devices writes.
//
// Source: AuthorizedForDeviceStatus in pkg/registry/resource/utils.go of Kubernetes 1.36.
const (
	associated = "associated-node"
	arbitrary  = "arbitrary-node"
)

// knownVerbs are all verbs, of questions about resources or about paths.
func knownVerbs(ofPath bool) []string {
	asked, all := requests, slices.Clone(verbs)
	if ofPath {
		asked, all = methods, append(slices.Clone(methods), "*")
	}
	for _, m := range modes {
		if !ofPath {
			all = append(all, impersonate+m.name)
		}
		for _, verb := range asked {
			all = append(all, impersonateOn+m.name+":"+verb)
		}
	}
	if !ofPath {
		for _, verb := range write[1:] {
			all = append(all, associated+":"+verb, arbitrary+":"+verb)
		}
	}
	return all
}

package relocate

import (
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// suffixedKinds are the kinds whose names Istio's manifests make of something
// and the namespace, as in ClusterRole istiod-clusterrole-istio-system, with
// what may follow the namespace.
var suffixedKinds = map[string]string{
	"ClusterRole":                    "",
	"ClusterRoleBinding":             "",
	"Role":                           "", // 0.8 and 1.10
	"RoleBinding":                    "",
	"ServiceAccount":                 "",
	"Job":                            "",
	"MutatingWebhookConfiguration":   "",
	"ValidatingWebhookConfiguration": "",
	// stable-channel-policy-<namespace>.istio.io, since 1.26.
	"ValidatingAdmissionPolicy":        ".istio.io",
	"ValidatingAdmissionPolicyBinding": ".istio.io",
}

// derived are the names of items that end in the namespace, in the items'
// order, with what they become.
func (f Filter) derived(items []*yaml.RNode) []rename {
	var renames []rename
	for _, item := range items {
		after, ok := suffixedKinds[item.GetKind()]
		if !ok {
			continue
		}
		name := item.GetName()
		base, ok := strings.CutSuffix(name, "-"+f.From+after)
		if !ok || strings.HasSuffix(f.To, "-"+f.From) && strings.HasSuffix(name, "-"+f.To+after) {
			continue // the latter has moved already
		}
		if r := (rename{name, base + "-" + f.To + after}); !slices.Contains(renames, r) {
			renames = append(renames, r)
		}
	}
	return renames
}

// upstreamNamespace is where Istio's manifests leave the namespace out of the
// names in bareNames.
const upstreamNamespace = "istio-system"

type bareName struct {
	kind, pattern string
	inFront       bool
}

// bareNames are the cluster-scoped objects that are called so in
// upstreamNamespace. Elsewhere they carry their namespace: at the end, as
// Istio's charts write it since 1.7 for the injector and since 1.26 for the
// tags; or in front, where upstream forgot, and a second installation
// overwrites the first. In front is where no upstream name has it: there is a
// prometheus-istio-system, too, from 0.8 to 1.4.
var bareNames = []bareName{
	{kind: "MutatingWebhookConfiguration", pattern: "istio-sidecar-injector"},
	{kind: "MutatingWebhookConfiguration", pattern: "istio-sidecar-injector-*"}, // *: the revision
	{kind: "MutatingWebhookConfiguration", pattern: "istio-revision-tag-*"},
	{kind: "ClusterRole", pattern: "prometheus", inFront: true}, // addons of 0.x, and current ones
	{kind: "ClusterRoleBinding", pattern: "prometheus", inFront: true},
	{kind: "ClusterRole", pattern: "kiali", inFront: true},
	{kind: "ClusterRoleBinding", pattern: "kiali", inFront: true},
	{kind: "ClusterRole", pattern: "istio-reader", inFront: true}, // 1.1 to 1.4
	{kind: "ClusterRoleBinding", pattern: "istio-multi", inFront: true},
}

// IsBare says whether an object of upstream's carries its namespace only after
// it has moved.
func IsBare(kind, name string) bool {
	return slices.ContainsFunc(bareNames, func(b bareName) bool {
		ok, _ := path.Match(b.pattern, name)
		return ok && b.kind == kind
	})
}

// IsOwn says whether a cluster-scoped object's name is one that no control
// plane in another namespace has.
func IsOwn(kind, name, namespace string) bool {
	return strings.HasSuffix(strings.TrimSuffix(name, suffixedKinds[kind]), "-"+namespace) ||
		namespace == upstreamNamespace && IsBare(kind, name) ||
		slices.ContainsFunc(bareNames, func(b bareName) bool {
			return b.inFront && b.kind == kind && name == namespace+"-"+b.pattern
		})
}

// moveBare renames what bareNames lists, and what refers to it.
func (f Filter) moveBare(items []*yaml.RNode) error {
	roles := map[string]string{}
	for _, item := range items {
		kind, name := item.GetKind(), item.GetName()
		moved := f.bare(kind, name)
		if moved == name || !f.belongs(item) {
			continue
		}
		if err := object.ReplaceText(item, moved, "metadata", "name"); err != nil {
			return err
		}
		switch kind {
		case "MutatingWebhookConfiguration":
			if err := f.tellInjector(items, moved); err != nil {
				return err
			}
		case "ClusterRoleBinding":
			role := object.String(item, "roleRef", "name")
			roles[role] = f.bare("ClusterRole", role)
		}
	}
	for _, item := range items {
		switch kind := item.GetKind(); {
		case kind == "ClusterRole" && roles[item.GetName()] != "":
			if err := object.ReplaceText(item, roles[item.GetName()], "metadata", "name"); err != nil {
				return err
			}
		case kind == "ClusterRoleBinding" || kind == "RoleBinding" && object.String(item, "roleRef", "kind") == "ClusterRole":
			role := roles[object.String(item, "roleRef", "name")]
			if role == "" {
				continue
			}
			if err := object.ReplaceText(item, role, "roleRef", "name"); err != nil {
				return err
			}
		}
	}
	return nil
}

// bare is what an object of upstream's is called after the move; name, if it
// is none of bareNames.
func (f Filter) bare(kind, name string) string {
	for _, b := range bareNames {
		base := name
		switch {
		case b.kind != kind:
			continue
		case f.From == upstreamNamespace:
		case b.inFront:
			base = strings.TrimPrefix(name, f.From+"-")
		default:
			base = strings.TrimSuffix(name, "-"+f.From)
		}
		if ok, _ := path.Match(b.pattern, base); !ok {
			continue
		}
		switch {
		case f.To == upstreamNamespace:
			return base
		case b.inFront:
			return f.To + "-" + base
		default:
			return base + "-" + f.To
		}
	}
	return name
}

// belongs says whether a cluster-scoped object is of the control plane in
// From: whether it names a service or an account there.
func (f Filter) belongs(item *yaml.RNode) bool {
	for _, webhook := range object.List(item, "webhooks") {
		if object.String(webhook, "clientConfig", "service", "namespace") == f.From {
			return true
		}
	}
	for _, subject := range object.List(item, "subjects") {
		if object.String(subject, "namespace") == f.From {
			return true
		}
	}
	return false
}

const (
	injector = "istio-sidecar-injector"
	// patchFlag is an argument of those injectors (0.8 to 1.4) that write
	// their CA into the webhook, which nameFlag then names; its default is
	// injector. Source: pilot/cmd/sidecar-injector/main.go.
	patchFlag = "--caCertFile="
	nameFlag  = "--webhookConfigName="
)

// tellInjector gives the injector of the time before istiod the name of its webhook.
func (f Filter) tellInjector(items []*yaml.RNode, webhook string) error {
	for _, item := range object.Of("Deployment", items) {
		if item.GetNamespace() != f.From || item.GetName() != injector {
			continue
		}
		for _, container := range object.List(item, "spec", "template", "spec", "containers") {
			args := object.Strings(container, "args")
			if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, patchFlag) }) {
				continue
			}
			node, err := container.Pipe(yaml.Lookup("args"))
			if err != nil {
				return err
			}
			list := node.YNode()
			list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool { return strings.HasPrefix(n.Value, nameFlag) })
			if webhook != injector {
				list.Content = append(list.Content, yaml.NewStringRNode(nameFlag+webhook).YNode())
			}
		}
	}
	return nil
}

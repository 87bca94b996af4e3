package relocate

import (
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// derived are the names of items that end in the namespace, in the items'
// order, with what they become.
func (f Filter) derived(items []*yaml.RNode) []rename {
	var renames []rename
	for _, item := range items {
		after, ok := istio.SuffixedKinds[item.GetKind()]
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

// IsBare says whether an object of upstream has its namespace in its name only after
// it has moved.
func IsBare(kind, name string) bool {
	return slices.ContainsFunc(istio.Components, func(c istio.Component) bool {
		return slices.ContainsFunc(c.BareNames, func(b istio.BareName) bool {
			ok, _ := path.Match(b.Pattern, name)
			return ok && slices.Contains(b.Kinds, kind)
		})
	})
}

// IsOwn says whether a cluster-scoped object's name is one that no control
// plane in another namespace has.
func IsOwn(kind, name, namespace string) bool {
	if IsKubernetes(name) {
		return false
	}
	if strings.HasSuffix(strings.TrimSuffix(name, istio.SuffixedKinds[kind]), "-"+namespace) || namespace == istio.UpstreamNamespace && IsBare(kind, name) {
		return true
	}
	base, inFront := strings.CutPrefix(name, namespace+"-")
	return inFront && slices.ContainsFunc(istio.Components, func(c istio.Component) bool {
		return slices.ContainsFunc(c.BareNames, func(b istio.BareName) bool {
			return b.InFront && b.Pattern == base && slices.Contains(b.Kinds, kind)
		})
	})
}

// IsKubernetes says whether a name of a ClusterRole or ClusterRoleBinding is reserved
// for Kubernetes: its controllers may use it.
func IsKubernetes(name string) bool { return strings.HasPrefix(name, "system:") }

// moveBare renames what carries its namespace outside of upstream's only, and
// what refers to it.
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
// is none that carries its namespace outside of upstream's only.
func (f Filter) bare(kind, name string) string {
	for _, component := range istio.Components {
		for _, b := range component.BareNames {
			if moved, ok := f.moveName(b, name); ok && slices.Contains(b.Kinds, kind) {
				return moved
			}
		}
	}
	return name
}

func (f Filter) moveName(b istio.BareName, name string) (string, bool) {
	base := name
	switch {
	case f.From == istio.UpstreamNamespace:
	case b.InFront:
		base = strings.TrimPrefix(name, f.From+"-")
	default:
		base = strings.TrimSuffix(name, "-"+f.From)
	}
	if ok, _ := path.Match(b.Pattern, base); !ok {
		return "", false
	}
	switch {
	case f.To == istio.UpstreamNamespace:
		return base, true
	case b.InFront:
		return f.To + "-" + base, true
	default:
		return base + "-" + f.To, true
	}
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

// tellInjector gives the injector of the time before istiod the name of its webhook.
func (f Filter) tellInjector(items []*yaml.RNode, webhook string) error {
	for _, item := range object.Of("Deployment", items) {
		if item.GetNamespace() != f.From || item.GetName() != istio.InjectorDeployment {
			continue
		}
		for _, container := range object.Containers(item) {
			args := object.Strings(container, "args")
			if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, istio.InjectorPatches) }) {
				continue
			}
			node, err := container.Pipe(yaml.Lookup("args"))
			if err != nil {
				return err
			}
			list := node.YNode()
			list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool { return strings.HasPrefix(n.Value, istio.InjectorWebhook) })
			if webhook != istio.InjectorDeployment {
				list.Content = append(list.Content, yaml.NewStringRNode(istio.InjectorWebhook+webhook).YNode())
			}
		}
	}
	return nil
}

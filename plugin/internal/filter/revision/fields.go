package revision

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate/token"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// revised are the labels, annotations and selectors that state the revision,
// with what they state without one.
var revised = map[string]string{
	istio.RevisionLabel:          istio.DefaultRevision,
	istio.CanonicalRevisionLabel: istio.NoCanonicalRevision,
}

// reviseFields gives the control plane's objects their revision wherever they
// state one: as a label, in a selector, or in env.
func (f Filter) reviseFields(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if without, ok := revised[n.Content[i].Value]; ok && n.Content[i+1].Value == without {
				object.SetText(n.Content[i+1], f.Revision)
			}
		}
		entry := yaml.NewRNode(n)
		switch {
		case object.String(entry, "key") == istio.RevisionLabel: // of matchExpressions
			for _, value := range object.List(entry, "values") {
				if value.YNode().Value == istio.DefaultRevision {
					object.SetText(value.YNode(), f.Revision)
				}
			}
		case object.String(entry, "name") == istio.RevisionVariable && object.String(entry, "value") == istio.DefaultRevision: // of env
			_ = object.ReplaceText(entry, f.Revision, "value") // a map's lookup does not fail
		}
	}
	for _, child := range n.Content {
		f.reviseFields(child)
	}
}

// moveService follows the control plane's Service in DNS names.
func moveService(n *yaml.Node, from, to string) {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, from) {
		n.Value = token.Replace(n.Value, from, to)
	}
	for _, child := range n.Content {
		moveService(child, from, to)
	}
}

// selectors are where istiod's pods are selected, by one label
// without a revision, by two with one.
var selectors = map[string][]string{
	"Deployment":          {"spec", "selector", "matchLabels"},
	"PodDisruptionBudget": {"spec", "selector", "matchLabels"},
	"Service":             {"spec", "selector"},
}

func (f Filter) reviseSelectors(item *yaml.RNode) {
	kind := item.GetKind()
	selector, err := item.Pipe(yaml.Lookup(selectors[kind]...))
	if err != nil || selector == nil || object.String(selector, istio.PilotSelector) != istio.PilotSelected {
		return
	}
	fields := &selector.YNode().Content
	at := slices.IndexFunc(*fields, func(n *yaml.Node) bool { return n.Value == istio.PilotSelector })
	pairs := []*yaml.Node{scalar(istio.RevisionLabel), scalar(f.Revision)}
	pairs[1].Style = style(item)
	if object.String(selector, istio.AppSelector) == "" {
		pairs = append([]*yaml.Node{scalar(istio.AppSelector), scalar(istio.AppSelected)}, pairs...)
	}
	*fields = slices.Replace(*fields, at, at+2, pairs...)
	if pod, err := item.Pipe(yaml.Lookup("spec", "template", "metadata", "labels", istio.PilotSelector)); err == nil && pod != nil {
		object.SetText(pod.YNode(), istio.AppSelected)
	}
}

// style is how an object writes its revision: charts differ.
func style(item *yaml.RNode) yaml.Style {
	label, err := item.Pipe(yaml.Lookup("metadata", "labels", istio.RevisionLabel))
	if err != nil || label == nil {
		return 0
	}
	return label.YNode().Style
}

// dropWebhooks removes the injector's entries for namespaces and pods without
// a revision, which the charts have in a control plane without one only.
func dropWebhooks(item *yaml.RNode) {
	if item.GetKind() != "MutatingWebhookConfiguration" || !strings.HasPrefix(item.GetName(), istio.InjectorPrefix) {
		return
	}
	list, err := item.Pipe(yaml.Lookup("webhooks"))
	if err != nil || list == nil {
		return
	}
	list.YNode().Content = slices.DeleteFunc(list.YNode().Content, func(n *yaml.Node) bool {
		return slices.ContainsFunc(istio.UnrevisedWebhooks, func(prefix string) bool {
			return strings.HasPrefix(object.String(yaml.NewRNode(n), "name"), prefix)
		})
	})
}

// reviseGateway does what the gateway chart does for a revision: its pods name
// the control plane that injects them. Its NetworkPolicy is named after it.
func (f Filter) reviseGateway(item *yaml.RNode) error {
	if !gateway.Owns(item) {
		return nil
	}
	f.Revision = f.serving(item)
	if item.GetKind() == "NetworkPolicy" && object.String(item, "metadata", "labels", istio.RevisionLabel) == istio.DefaultRevision {
		f.reviseFields(item.YNode())
		return object.ReplaceText(item, item.GetName()+"-"+f.Revision, "metadata", "name")
	}
	labels, err := item.Pipe(yaml.Lookup("spec", "template", "metadata", "labels"))
	if err != nil || labels == nil {
		return err
	}
	if object.String(labels, istio.RevisionLabel) != "" {
		return object.ReplaceText(labels, f.Revision, istio.RevisionLabel)
	}
	fields := &labels.YNode().Content
	at := slices.IndexFunc(*fields, func(n *yaml.Node) bool { return n.Value == istio.InjectLabel }) + 2
	if at == 1 {
		at = len(*fields)
	}
	*fields = slices.Insert(*fields, at, scalar(istio.RevisionLabel), scalar(f.Revision))
	return nil
}

func scalar(value string) *yaml.Node {
	n := yaml.NewStringRNode("").YNode()
	object.SetText(n, value)
	return n
}

package split

import (
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// gone are API versions that Kubernetes 1.16 and later do not serve, and those
// that have taken their place. Istio's own files use them up to 1.3, and its
// programs of that time run on Kubernetes up to 1.21. What those still serve
// stays: Ingresses of extensions/v1beta1, and what is called v1beta1 elsewhere.
// Source: Kubernetes' deprecated API migration guide, v1.16.
var gone = []struct {
	kinds, from []string
	to          string
	// workload says that its spec has a selector, which is required now.
	workload bool
}{
	{
		kinds: []string{"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
		from:  []string{"extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"}, to: "apps/v1", workload: true,
	},
	{kinds: []string{"NetworkPolicy"}, from: []string{"extensions/v1beta1"}, to: "networking.k8s.io/v1"},
	{kinds: []string{"PodSecurityPolicy"}, from: []string{"extensions/v1beta1"}, to: "policy/v1beta1"},
}

// removed are fields of a workload's spec that apps/v1 does not have, and that
// only an API server acts on.
var removed = []string{"rollbackTo", "templateGeneration"}

// convert gives objects API versions that are served, and says of each what was
// done. What cannot be converted is reported at once.
func convert(objects []*yaml.RNode) (repairs []string, err error) {
	has := map[object.ID]bool{}
	for _, o := range objects {
		has[object.IDOf(o)] = true
	}
	var errs []error
	for _, o := range objects {
		from := o.GetApiVersion()
		for _, g := range gone {
			if !slices.Contains(g.kinds, o.GetKind()) || !slices.Contains(g.from, from) {
				continue
			}
			old := object.IDOf(o)
			o.SetApiVersion(g.to)
			if id := object.IDOf(o); id != old && has[id] {
				errs = append(errs, fmt.Errorf("%s: is in the input twice, as %s and as %s", id, from, g.to))
			}
			done := fmt.Sprintf("%s: apiVersion is now %s; Kubernetes 1.16 and later do not serve %s", old, g.to, from)
			if g.workload {
				more, err := complete(o)
				if err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", old, err))
				}
				done += more
			}
			repairs = append(repairs, done)
			break
		}
	}
	return repairs, errors.Join(errs...)
}

// complete makes a workload's spec one of apps/v1, and says what it changed. An
// API server used to take the template's labels where there was no selector.
func complete(o *yaml.RNode) (done string, err error) {
	spec := o.Field("spec")
	if spec.IsNilOrEmpty() {
		return "", errors.New("spec: found none; must have a template")
	}
	for _, field := range removed {
		found, err := spec.Value.Pipe(yaml.Clear(field))
		if err != nil {
			return "", err
		}
		if found != nil {
			done += fmt.Sprintf("; spec.%s dropped, which %s does not have", field, o.GetApiVersion())
		}
	}
	if selector := spec.Value.Field("selector"); !selector.IsNilOrEmpty() {
		return done, nil
	}
	if err := spec.Value.PipeE(yaml.Clear("selector")); err != nil { // null, or {}
		return "", err
	}
	labels, err := spec.Value.Pipe(yaml.Lookup("template", "metadata", "labels"))
	if err != nil {
		return "", err
	}
	if labels.IsNilOrEmpty() || labels.YNode().Kind != yaml.MappingNode {
		return "", fmt.Errorf("spec.template.metadata.labels: found none, and no spec.selector; %s needs labels to select Pods by",
			o.GetApiVersion())
	}
	selector := yaml.NewMapRNode(nil)
	if err := selector.PipeE(yaml.SetField("matchLabels", plain(labels))); err != nil {
		return "", err
	}
	fields := spec.Value.YNode()
	at := 0 // before the template
	for at < len(fields.Content) && fields.Content[at].Value != "template" {
		at += 2
	}
	fields.Content = slices.Insert(fields.Content, at, yaml.NewStringRNode("selector").YNode(), selector.YNode())
	return done + "; spec.selector is its template's labels", nil
}

// plain copies labels without their comments, which stay where they are.
func plain(labels *yaml.RNode) *yaml.RNode {
	c := labels.Copy()
	for _, n := range append([]*yaml.Node{c.YNode()}, c.YNode().Content...) {
		n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	}
	return c
}

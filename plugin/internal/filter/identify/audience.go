package identify

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// audiences has everything of the mesh ask for tokens of the tenant's audience.
func (f Filter) audiences(objects []*yaml.RNode) error {
	replaced, err := f.replaced(objects)
	if err != nil {
		return err
	}
	if err := f.setValues(objects); err != nil {
		return err
	}
	if err := f.setTemplates(objects, replaced); err != nil {
		return err
	}
	for _, o := range objects {
		f.setVolumes(object.IDOf(o), o.YNode(), false, replaced)
	}
	return nil
}

// replaced are the audiences of a mesh of this base: what every mesh has, or
// what the values say that it was rendered with.
func (f Filter) replaced(objects []*yaml.RNode) ([]string, error) {
	audiences := []string{istio.UpstreamAudience}
	for _, t := range f.valuesTexts(objects) {
		audience, err := jsontext.String(t.value(), f.identity.AudienceValue...)
		if err != nil {
			return nil, t.failed(err)
		}
		if audience != "" && audience != f.Tenant.TokenAudience() && !slices.Contains(audiences, audience) {
			f.Tenant.Warn("%s: data[%s]: %s: found %q, the tenant's is %q: it is replaced, wherever tokens are of that audience",
				object.IDOf(t.configMap), t.key, dotted(f.identity.AudienceValue), audience, f.Tenant.TokenAudience())
			audiences = append(audiences, audience)
		}
	}
	return audiences, nil
}

// setVolumes gives the projected tokens of Pods the tenant's audience, in
// whatever object the Pods are described. Tokens of Pods that run nothing of
// Istio's may be for something else, and are named.
func (f Filter) setVolumes(id object.ID, n *yaml.Node, istios bool, audiences []string) {
	if n.Kind == yaml.MappingNode {
		of := yaml.NewRNode(n)
		istios = istios || f.runsIstio(of)
		if audience := object.String(of, "serviceAccountToken", "audience"); slices.Contains(audiences, audience) {
			if !istios {
				f.Tenant.Warn("%s: serviceAccountToken.audience: found %q, and no container is Istio's proxy; %q is used, "+
					"which is what the tenant's control plane takes", id, audience, f.Tenant.TokenAudience())
			}
			_ = object.ReplaceText(of, f.Tenant.TokenAudience(), "serviceAccountToken", "audience") // it is there
		}
	}
	for _, child := range n.Content {
		f.setVolumes(id, child, istios, audiences)
	}
}

// runsIstio says whether a mapping describes Pods with a proxy, or with the
// control plane.
func (f Filter) runsIstio(pod *yaml.RNode) bool {
	for _, c := range slices.Concat(object.List(pod, "containers"), object.List(pod, "initContainers")) {
		if f.Tenant.Plane.Container != nil && c.YNode() == f.Tenant.Plane.Container.YNode() {
			return true
		}
		for _, component := range f.Tenant.Components() {
			if component.Proxy && component.Runs(object.String(c, "name"), object.String(c, "image")) {
				return true
			}
		}
	}
	return false
}

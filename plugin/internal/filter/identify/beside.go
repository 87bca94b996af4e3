package identify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/sidecar"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// beside refuses a second control plane, which nothing limits, in whatever object
// its Pods are described, and names what runs in the Pod of the first one.
func (f Filter) beside(objects []*yaml.RNode) error {
	if f.Tenant.Plane.Deployment == nil {
		return nil
	}
	var errs []error
	for _, o := range objects {
		errs = append(errs, f.programs(object.IDOf(o), o.YNode())...)
	}
	spec, _ := object.PodSpec(f.Tenant.Plane.Deployment)
	id := object.IDOf(f.Tenant.Plane.Deployment)
	_, containers := object.PodContainers(spec)
	for _, c := range containers {
		name := object.String(c, "name")
		if f.Tenant.Proxied && name == sidecar.Name {
			continue // nobody else's has the name
		}
		if c.YNode() != f.Tenant.Plane.Container.YNode() && !f.runsProxy(c) && !f.runsPlane(c) {
			f.Tenant.Warn("%s: container %s: shares the network of the control plane's Pod, in which plaintext xDS (%d) and the debug port "+
				"need no authentication: it must not let others connect to them", id, name, f.identity.Plaintext)
		}
		if hasField(c.YNode(), "exec") {
			f.Tenant.Warn("%s: container %s: exec: runs a command in the control plane's Pod, which may open its mesh to others: "+
				"whether it does is not checked", id, name)
		}
	}
	return errors.Join(errs...)
}

// programs are the control planes among the containers below a node.
func (f Filter) programs(id object.ID, n *yaml.Node) (errs []error) {
	if n.Kind == yaml.MappingNode {
		_, containers := object.PodContainers(yaml.NewRNode(n))
		for _, c := range containers {
			if c.YNode() == f.Tenant.Plane.Container.YNode() || !f.runsPlane(c) {
				continue
			}
			if own := id.Namespace == f.Tenant.Own(); !own && !f.discovers(c) {
				f.Tenant.Warn("%s: container %s: image %q has the name of the control plane's image: if it is one, it may let anybody join the mesh",
					id, object.String(c, "name"), object.String(c, "image"))
				continue
			}
			errs = append(errs, fmt.Errorf("%s: container %s: runs the control plane's program, as %s does, and nothing limits this one: "+
				"a tenant has one control plane; remove it", id, object.String(c, "name"), object.IDOf(f.Tenant.Plane.Deployment)))
		}
	}
	for _, child := range n.Content {
		errs = append(errs, f.programs(id, child)...)
	}
	return errs
}

// runsPlane says whether a container runs the control plane's program, by the
// image's name or by the command line.
func (f Filter) runsPlane(c *yaml.RNode) bool {
	return f.discovers(c) || slices.ContainsFunc(f.Tenant.Components(), func(component istio.Component) bool {
		return component.Discovery && component.Runs("", object.String(c, "image"))
	})
}

// discovers says whether a container's command line does.
func (f Filter) discovers(c *yaml.RNode) bool {
	args := object.Strings(c, "args")
	return len(args) > 0 && args[0] == istio.DiscoveryArgument ||
		slices.ContainsFunc(slices.Concat(object.Strings(c, "command"), args), func(word string) bool {
			return strings.Contains(word, f.identity.Openings.Program)
		})
}

func (f Filter) runsProxy(c *yaml.RNode) bool {
	return slices.ContainsFunc(f.Tenant.Components(), func(component istio.Component) bool {
		return component.Proxy && component.Runs("", object.String(c, "image"))
	})
}

// hasField says whether a field of a name is at a node or below it.
func hasField(n *yaml.Node, name string) bool {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Value == name || hasField(child, name) {
			return true
		}
	}
	return false
}

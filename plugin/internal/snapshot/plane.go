package snapshot

import (
	"bytes"
	"errors"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/setting"
)

// Plane is a control plane.
type Plane struct {
	// Object is its Deployment.
	Object *Object
	// Version is the version of Istio, such as "1.31.0"; "": it is not known.
	Version string
	// Revision is its own; "": it has none.
	Revision string
	// Proxied, Watched and AppNamespaces are what limits it; see package setting.
	Proxied, Watched, AppNamespaces []string
	// Audiences are the audiences of the tokens that it accepts; none, if it does not
	// state them.
	Audiences []string
}

// Root is a certificate or a CA with which a mesh verifies its members' certificates.
type Root struct {
	collision.Root
	Object *Object
}

// look reads of an object's nodes what its Content does not tell.
func (p *parser) look(o *Object, n *yaml.Node) {
	switch o.ID.Kind {
	case "Deployment":
		found, err := controlplane.Find([]*yaml.RNode{yaml.NewRNode(n)})
		if errors.Is(err, controlplane.ErrNone) {
			return
		}
		plane := Plane{Object: o, Proxied: setting.Proxied(found), Watched: setting.Watched(found), AppNamespaces: setting.AppNamespaces(found)}
		plane.Revision = variable(o, found.Container.Field("name").Value.YNode().Value, istio.RevisionVariable)
		if err == nil {
			plane.Version, plane.Audiences = found.Version.String(), setting.Audiences(found)
		}
		p.parsed.planes = append(p.parsed.planes, plane)
	case "ConfigMap", "Secret", "Issuer":
		if !mayHaveRoots(n) {
			return
		}
		for _, root := range collision.RootsOf([]*yaml.RNode{yaml.NewRNode(n)}) {
			p.parsed.roots = append(p.parsed.roots, Root{root, o})
		}
	}
}

// mayHaveRoots is quick, as collision.RootsOf is not.
func mayHaveRoots(n *yaml.Node) bool {
	if n.Kind == yaml.ScalarNode {
		return collision.MayHaveRoots([]byte(n.Value)) || bytes.HasPrefix([]byte(n.Value), []byte("cert-manager.io/"))
	}
	for _, element := range n.Content {
		if mayHaveRoots(element) {
			return true
		}
	}
	return false
}

// variable is the value of an environment variable of a container; of several with that name,
// the last one's.
func variable(o *Object, container, name string) (value string) {
	for _, c := range List(o.Content, "spec", "template", "spec", "containers") {
		if Text(c, "name") != container {
			continue
		}
		for _, v := range List(c, "env") {
			if Text(v, "name") == name {
				value = Text(v, "value")
			}
		}
	}
	return value
}

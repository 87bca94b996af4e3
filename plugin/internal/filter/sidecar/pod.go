package sidecar

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// mount mounts the kubeconfig where the control plane reads it, unless a base has
// it there. Every other mount is looked at, too: one at, above or below the
// kubeconfig or the token would replace it, and a second one of its volume could be
// written to.
func (p reader) mount() error {
	container, k := p.container, p.Kubeconfig
	mounted := false
	for i, m := range object.List(container, "volumeMounts") {
		at, name := program.MountPath(m), object.String(m, "name")
		part := object.String(m, "subPath") != "" || object.String(m, "subPathExpr") != ""
		where := fmt.Sprintf("containers: %s: %s.", object.String(container, "name"), object.Index("volumeMounts", i))
		switch {
		case at == k.Directory && part:
			return fmt.Errorf("%smountPath: found a subPath at %s, where the kubeconfig of the API proxy is at the top of the volume: remove it", where, at)
		case at == k.Directory && !mounted && name != k.Volume:
			return fmt.Errorf("%sname: found %q at %s, where the API proxy keeps its key and its kubeconfig in a volume of its own: must be %q, or remove it", where, name, at, k.Volume)
		case at == k.Directory && !mounted && isFalse(m, "readOnly"):
			return fmt.Errorf("%sreadOnly: found false, by which the control plane could replace the API proxy's key and its kubeconfig: must be true", where)
		case at == k.Directory && !mounted:
			mounted = true
			if err := object.Set(m, true, "readOnly"); err != nil {
				return err
			}
		case program.Overlap(at, k.Directory):
			return fmt.Errorf("%smountPath: found %q, which hides the kubeconfig of the API proxy in %s: remove it", where, object.String(m, "mountPath"), k.Directory)
		case program.Overlap(at, tokenDirectory):
			return fmt.Errorf("%smountPath: found %q, which hides the token of the control plane in %s, which its requests to the API proxy need: remove it",
				where, object.String(m, "mountPath"), tokenDirectory)
		case name == k.Volume:
			return fmt.Errorf("%sname: found %q again, the volume with the API proxy's key, which is mounted at %s alone: remove it", where, name, k.Directory)
		}
	}
	if mounted {
		return nil
	}
	made, err := object.Node(map[string]any{"name": k.Volume, "mountPath": k.Directory, "readOnly": true})
	if err != nil {
		return err
	}
	return container.PipeE(yaml.LookupCreate(yaml.SequenceNode, "volumeMounts"), yaml.Append(made.YNode()))
}

// wanted is a volume, and the optional Secret that Istio's charts have in its place.
type wanted struct {
	volume map[string]any
	secret string
}

// setVolume adds a volume, or puts it in the place of the charts'.
func setVolume(spec *yaml.RNode, w wanted) error {
	made, err := object.Node(w.volume)
	if err != nil {
		return err
	}
	name, set := object.String(made, "name"), false
	for i, v := range object.List(spec, "volumes") {
		if object.String(v, "name") != name {
			continue
		}
		if set {
			return fmt.Errorf("%s.name: found %q, which is the name of another volume already, so that the API server would refuse the Pod: remove one of them",
				object.Index("volumes", i), name)
		}
		charts := w.secret != "" && object.String(v, "secret", "secretName") == w.secret && object.IsTrue(v, "secret", "optional")
		if !charts && !same(v, made) {
			return fmt.Errorf("%s: found %s, which is neither what Istio's charts have nor the API proxy's: the proxy needs the volume %q, "+
				"so that this one must go or have another name", object.Index("volumes", i), inline(v), name)
		}
		v.SetYNode(made.YNode())
		set = true
	}
	if set {
		return nil
	}
	return spec.PipeE(yaml.LookupCreate(yaml.SequenceNode, "volumes"), yaml.Append(made.YNode()))
}

// setContainer adds the proxy, unless an earlier run did. Another container of
// its name is an error, and so is one that has its volume, where its key is.
func (f Filter) setContainer(p reader, spec, made *yaml.RNode, volume string) error {
	there, field := false, "initContainers"
	if !f.native() {
		field = "containers"
	}
	paths, containers := object.PodContainers(spec)
	for i, c := range containers {
		switch {
		case object.String(c, "name") == Name && same(c, made) && strings.HasPrefix(paths[i], field+"["):
			there = true
		case object.String(c, "name") == Name:
			return fmt.Errorf("%s.name: found %q, which is the name of the API proxy's container: rename it, or remove it; "+
				"the image of the proxy is stated elsewhere", paths[i], Name)
		case c.YNode() != p.container.YNode() && mounts(c, volume):
			return fmt.Errorf("%s: mounts the volume %q, which is the API proxy's and the control plane's alone: remove the mount", paths[i], volume)
		}
	}
	if there {
		return nil
	}
	list, err := spec.Pipe(yaml.LookupCreate(yaml.SequenceNode, field))
	if err != nil {
		return err
	}
	at := len(list.YNode().Content)
	if !f.native() {
		at = 0 // the kubelet starts the next one when the hook of the first has ended
	}
	list.YNode().Content = slices.Insert(list.YNode().Content, at, made.YNode())
	return nil
}

func mounts(container *yaml.RNode, volume string) bool {
	return slices.ContainsFunc(object.List(container, "volumeMounts"), func(m *yaml.RNode) bool { return object.String(m, "name") == volume })
}

// same says whether two nodes say the same, in whatever order and style.
func same(a, b *yaml.RNode) bool {
	left, right := inline(a), inline(b)
	return left == right && left != ""
}

// inline is a node as JSON, in which keys are in order.
func inline(n *yaml.RNode) string {
	text, err := n.MarshalJSON()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

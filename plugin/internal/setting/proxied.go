package setting

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/sidecar"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// Proxied are the namespaces that the API proxy beside a control plane shows it,
// by its kubeconfig; none, where the control plane reads no file of the proxy's.
func Proxied(plane controlplane.ControlPlane) (namespaces []string) {
	pod, _ := object.PodSpec(plane.Deployment)
	if pod == nil {
		return nil
	}
	lasting := slices.DeleteFunc(object.List(pod, "initContainers"), func(c *yaml.RNode) bool { return object.String(c, "restartPolicy") != "Always" })
	for _, c := range slices.Concat(lasting, object.List(pod, "containers")) {
		args := object.Strings(c, "args")
		if len(args) == 0 || args[0] != sidecar.Name || c.YNode() == plane.Container.YNode() || !reads(plane.Container, c) {
			continue
		}
		for _, arg := range args[1:] {
			if names, found := strings.CutPrefix(arg, sidecar.NamespaceFlag+"="); found {
				namespaces = append(namespaces, strings.Split(names, ",")...)
			}
		}
	}
	return namespaces
}

// reads says whether a container is told of a file in a volume that another one
// has, too, and that no other mount replaces.
func reads(container, writer *yaml.RNode) bool {
	words := object.Strings(container, "args")
	words = slices.AppendSeq(words, maps.Values(variables(container)))
	mounts := object.List(container, "volumeMounts")
	for i, m := range mounts {
		shared := slices.ContainsFunc(object.List(writer, "volumeMounts"), func(other *yaml.RNode) bool {
			return object.String(other, "name") == object.String(m, "name")
		})
		at := program.MountPath(m)
		told := slices.ContainsFunc(words, func(word string) bool {
			_, value, _ := strings.Cut(word, "=")
			return strings.HasPrefix(word, at+"/") || strings.HasPrefix(value, at+"/")
		})
		replaced := false
		for j, other := range mounts {
			replaced = replaced || j != i && program.Overlap(program.MountPath(other), at)
		}
		if shared && told && !replaced {
			return true
		}
	}
	return false
}

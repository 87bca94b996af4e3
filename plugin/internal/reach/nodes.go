package reach

import (
	"path"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// nodeEnds tells of a Pod that holds its node: one that is made, a Pod that is there and gets
// another container, and one that holds its node already.
func (s *search) nodeEnds(who Identity, namespace string, grants []authorize.Grant) error {
	if s.baseline(namespace) {
		return nil
	}
	for _, p := range s.podsBy(namespace, grants) {
		told, err := s.tryEnd(who, grants, s.pods(p, namespace, holdNode), Node, p.text(namespace)+
			" that mounts the root of its node, and gets control of what runs there: the cluster sets no Pod security for that namespace")
		if told || err != nil {
			return err
		}
	}
	for _, w := range s.workloads[namespace] {
		if w.holds {
			refused, err := s.isRefused(w.object)
			if err != nil {
				return err
			}
			w.holds = !refused
		}
		for _, c := range s.entries(namespace, w) {
			for _, verb := range c.verbs {
				r := c.request
				r.Verb = verb
				for _, r.Name = range s.namesOf(w, grants) {
					told, err := s.tryEnd(who, grants, r, Node, c.text+", and gets control of what runs on its node: the cluster sets no Pod security for that namespace")
					if told || err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// isRefused says whether policies refuse the Pods of a workload, which then has none. What
// was read from a cluster was let in.
func (s *search) isRefused(o *snapshot.Object) (bool, error) {
	if snapshot.Text(o.Content, "metadata", "uid") != "" {
		return false, nil
	}
	for _, w := range workloadResources {
		if w.group == o.ID.Group && w.kind == o.ID.Kind {
			refused, err := s.refuses(Identity{Kind: rbacv1.GroupKind, Name: "system:masters"}, Request{
				Verb: "create", Group: w.group, Version: w.version, Resource: w.resource, Namespace: o.ID.Namespace, Name: o.ID.Name, Object: o.Content})
			return refused != "", err
		}
	}
	return false, nil
}

// entry is a way into a Pod that is there by which somebody gets control of its node.
type entry struct {
	verbs   []string
	request Request
	text    string
}

// entries are those into the Pods of a workload.
func (s *search) entries(namespace string, w workload) (all []entry) {
	of := " a Pod of " + w.kind + " " + namespace + "/" + w.name
	if w.kind == "Pod" {
		of = " Pod " + namespace + "/" + w.name
	}
	into := func(sub string, verbs []string, object, twin map[string]any, text string) {
		all = append(all, entry{verbs, Request{Version: "v1", Resource: "pods", Subresource: sub, Namespace: namespace, Object: object, twin: twin}, text})
	}
	on := target{w.name, w.account}
	into("ephemeralcontainers", change, privileged(podWithMore(Identity{}, namespace, on)), podWithMore(Identity{}, namespace, on), "adds a privileged container to"+of)
	if w.holds {
		const has = ", which has access to its node"
		into("exec", connect, nil, nil, "runs a program in"+of+has)
		into("attach", connect, nil, nil, "attaches to"+of+has)
		into("", change, podOfAnother(Identity{}, namespace, on), nil, "changes the image of"+of+has)
	}
	return all
}

// privileged makes the ephemeral container of a Pod privileged.
func privileged(pod map[string]any) map[string]any {
	container := pod["spec"].(map[string]any)["ephemeralContainers"].([]any)[0].(map[string]any)
	container["securityContext"] = map[string]any{"privileged": true}
	return pod
}

// baseline says whether Pod security admission refuses Pods that hold their node.
func (s *search) baseline(namespace string) bool {
	o := s.Get(object.ID{Kind: "Namespace", Name: namespace})
	if o == nil {
		return false
	}
	level := o.Labels()["pod-security.kubernetes.io/enforce"]
	return level == "baseline" || level == "restricted"
}

// folders are those of a node whose owner controls it, or has what other Pods have there.
var folders = []string{
	"/dev", "/etc/cni", "/etc/cron.d", "/etc/kubernetes", "/etc/ssh", "/etc/systemd", "/opt/cni", "/proc", "/root", "/run/containerd", "/run/crio",
	"/run/docker.sock", "/run/systemd", "/usr", "/var/lib/containerd", "/var/lib/docker", "/var/lib/kubelet",
}

// capabilities are those of Linux with which a program leaves its container.
var capabilities = []string{"ALL", "CAP_SYS_ADMIN", "CAP_SYS_MODULE", "SYS_ADMIN", "SYS_MODULE"}

// holdsNode says whether the Pods of a spec have access to their node, so that whoever runs a
// program in them controls it: by a privileged container, or as root by a capability, or by a
// folder of the node.
func holdsNode(spec map[string]any) bool {
	volumes := map[string]bool{}
	for _, v := range snapshot.List(spec, "volumes") {
		if folder := snapshot.Text(v, "hostPath", "path"); folder != "" && isOfNode(folder) {
			volumes[snapshot.Text(v, "name")] = true
		}
	}
	return slices.ContainsFunc(slices.Concat(snapshot.List(spec, "initContainers"), snapshot.List(spec, "containers")), func(c any) bool {
		if is, _ := snapshot.Field(c, "securityContext", "privileged").(bool); is {
			return true
		}
		if isNobody(snapshot.Field(spec, "securityContext"), snapshot.Field(c, "securityContext")) {
			return false
		}
		return slices.ContainsFunc(snapshot.Texts(c, "securityContext", "capabilities", "add"), func(name string) bool { return slices.Contains(capabilities, name) }) ||
			slices.ContainsFunc(snapshot.List(c, "volumeMounts"), func(m any) bool { return volumes[snapshot.Text(m, "name")] })
	})
}

// isOfNode says whether a folder is one of folders, in one, or has one.
func isOfNode(folder string) bool {
	folder = path.Clean(folder)
	if rest, is := strings.CutPrefix(folder, "/var/run"); is {
		folder = "/run" + rest
	}
	within := func(a, b string) bool { return a == b || b == "/" || strings.HasPrefix(a, b+"/") }
	return slices.ContainsFunc(folders, func(known string) bool { return within(folder, known) || within(known, folder) })
}

// isNobody says whether a container does not run as root, by its own securityContext or that
// of its Pod.
func isNobody(pod, container any) bool {
	for _, context := range []any{container, pod} {
		if user, set := snapshot.Field(context, "runAsUser").(int64); set {
			return user != 0
		}
	}
	for _, context := range []any{container, pod} {
		if is, set := snapshot.Field(context, "runAsNonRoot").(bool); set {
			return is
		}
	}
	return false
}

// heldBy says whether the Pods of a workload that is there hold their node.
func heldBy(o *snapshot.Object, path []string) bool {
	spec, found, _ := unstructured.NestedFieldNoCopy(o.Content, path...)
	fields, _ := spec.(map[string]any)
	return found && holdsNode(fields)
}

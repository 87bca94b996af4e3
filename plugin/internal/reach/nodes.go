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
// another container, and one that holds its node already. Pod security admission refuses what
// is made and changed, and not what was there before the Namespace had its level.
func (s *search) nodeEnds(who Identity, namespace string, grants []authorize.Grant) error {
	why, closed := "the cluster sets no Pod security for that namespace", s.baseline(namespace)
	if closed {
		why = "it was there before that namespace had its level of Pod security"
	} else {
		for _, p := range s.podsBy(namespace, grants) {
			told, err := s.tryEnd(who, grants, s.pods(p, namespace, holdNode), Node, p.text(namespace)+
				" that mounts the root of its node, and gets control of what runs there: "+why)
			if told || err != nil {
				return err
			}
		}
	}
	for _, w := range s.workloads[namespace] {
		if w.holds {
			refused, err := s.isRefused(w.object)
			if err != nil {
				return err
			}
			w.holds = !refused && (!closed || runs(w.object))
		}
		for _, c := range s.entries(namespace, w) {
			if c.changes && closed {
				continue
			}
			for _, verb := range c.verbs {
				r := c.request
				r.Verb = verb
				for _, r.Name = range s.namesOf(w, grants) {
					told, err := s.tryEnd(who, grants, r, Node, c.text+", and gets control of what runs on its node: "+why)
					if told || err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// runs says whether a cluster has Pods of a workload that was read from it.
func runs(o *snapshot.Object) bool {
	if snapshot.Text(o.Content, "metadata", "uid") == "" {
		return false
	}
	return o.ID.Kind == "Pod" || slices.ContainsFunc([]string{"replicas", "currentNumberScheduled", "active"}, func(field string) bool {
		n, _ := snapshot.Field(o.Content, "status", field).(int64)
		return n > 0 || len(snapshot.List(o.Content, "status", field)) > 0 // of a CronJob, they are listed
	})
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
	// changes says that it changes the Pod.
	changes bool
}

// entries are those into the Pods of a workload.
func (s *search) entries(namespace string, w workload) (all []entry) {
	of := " a Pod of " + w.kind + " " + namespace + "/" + w.name
	if w.kind == "Pod" {
		of = " Pod " + namespace + "/" + w.name
	}
	into := func(sub string, verbs []string, object, twin map[string]any, text string) {
		all = append(all, entry{verbs, Request{Version: "v1", Resource: "pods", Subresource: sub, Namespace: namespace, Object: object, twin: twin}, text, object != nil})
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

// A Pod holds its node unless it has of it only what is listed here.
var (
	// files are those of a node that a Pod may also write, if one is mounted by itself, and
	// folders those that it may read.
	files   = []string{"/etc/localtime", "/etc/timezone"}
	folders = []string{"/etc/pki/ca-trust", "/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/share/zoneinfo"}
	// capabilities are those that bases/tenancy allows, and networking those that are about the
	// Pod's own network, if it has one.
	capabilities = []string{
		"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
	}
	networking = []string{"NET_ADMIN", "NET_RAW"}
)

// holdsNode says whether the Pods of a spec have access to their node, so that whoever runs a
// program in them controls it, whatever user they run as: a program of the image may change
// that, and sockets of the node let groups in.
func holdsNode(spec map[string]any) bool {
	volumes := map[string]string{}
	for _, v := range snapshot.List(spec, "volumes") {
		if folder := snapshot.Text(v, "hostPath", "path"); folder != "" {
			volumes[snapshot.Text(v, "name")] = path.Clean(folder)
		}
	}
	is := func(of any, path ...string) bool {
		is, _ := snapshot.Field(of, path...).(bool)
		return is
	}
	allowed := capabilities
	if !is(spec, "hostNetwork") {
		allowed = slices.Concat(capabilities, networking)
	}
	return is(spec, "hostPID") || is(spec, "securityContext", "windowsOptions", "hostProcess") ||
		slices.ContainsFunc(slices.Concat(snapshot.List(spec, "initContainers"), snapshot.List(spec, "containers"), snapshot.List(spec, "ephemeralContainers")), func(c any) bool {
			context := snapshot.Field(c, "securityContext")
			return is(context, "privileged") || is(context, "windowsOptions", "hostProcess") || snapshot.Text(context, "procMount") == "Unmasked" ||
				slices.ContainsFunc(snapshot.Texts(context, "capabilities", "add"), func(name string) bool {
					return !slices.Contains(allowed, strings.TrimPrefix(strings.ToUpper(name), "CAP_"))
				}) ||
				slices.ContainsFunc(snapshot.List(c, "volumeMounts"), func(m any) bool {
					folder, of := volumes[snapshot.Text(m, "name")]
					return of && !slices.Contains(files, folder) && !(is(m, "readOnly") && slices.ContainsFunc(folders, func(known string) bool {
						return folder == known || strings.HasPrefix(folder, known+"/")
					}))
				})
		})
}

// heldBy says whether the Pods of a workload that is there hold their node.
func heldBy(o *snapshot.Object, path []string) bool {
	spec, found, _ := unstructured.NestedFieldNoCopy(o.Content, path...)
	fields, _ := spec.(map[string]any)
	return found && holdsNode(fields)
}

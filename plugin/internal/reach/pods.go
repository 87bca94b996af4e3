package reach

import (
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
)

// podsByHand are Pods of whatever spec somebody likes, by a kind that makes them: a new
// object, or one that is there, and has a name.
type podsByHand struct {
	workloadKind
	verb, name string
}

// text says what somebody does, before what the Pod does.
func (p podsByHand) text(namespace string) string {
	if p.name == "" {
		return "makes a " + p.kind + " in " + namespace
	}
	return "changes " + p.kind + " " + namespace + "/" + p.name + " to make a Pod"
}

// podsBy are a Pod, and one of the kinds that have a controller make it, as far as they are
// granted. A policy may refuse the one, and let the other in by whoever sends it; what it
// says of one controller's Pods it says of another's, and of those of what is there.
func (s *search) podsBy(namespace string, grants []authorize.Grant) (all []podsByHand) {
	for _, w := range workloadResources {
		if _, granted := may(grants, "create", right{w.group, w.resource, ""}, ""); !granted {
			continue
		}
		if all = append(all, podsByHand{w, "create", ""}); w.by != "" {
			return all
		}
	}
	for _, w := range workloadResources {
		if !w.changes() {
			continue
		}
		for _, there := range s.workloads[namespace] {
			for _, verb := range change {
				if _, granted := may(grants, verb, right{w.group, w.resource, ""}, there.name); granted && there.group == w.group && there.resource == w.resource {
					return append(all, podsByHand{w, verb, there.name})
				}
			}
		}
	}
	return all
}

// changes says whether the spec of what the kind makes can be changed.
func (w workloadKind) changes() bool { return w.by != "" && w.kind != "Job" }

// pods is the request for Pods with a change of their spec; its twin is without.
func (s *search) pods(p podsByHand, namespace string, with func(spec map[string]any)) Request {
	object := func(with func(spec map[string]any)) map[string]any {
		o := newWorkload(p.group, p.version, p.kind, p.spec, namespace, "default")
		with(podSpec(o, p.spec))
		s.fit(o, p.spec, namespace)
		if p.name == "" {
			return o
		}
		patch, spec := newObject(p.group, p.version, p.kind, namespace, nil), podSpec(o, p.spec)
		patch["metadata"].(map[string]any)["name"] = p.name
		delete(spec, "serviceAccountName") // it stays what it is
		put(patch, spec, p.spec...)
		return patch
	}
	return Request{Verb: p.verb, Group: p.group, Version: p.version, Resource: p.resource, Namespace: namespace, Name: p.name,
		Object: object(with), twin: object(func(map[string]any) {})}
}

// podSpec is the spec of the Pods of an object that this package makes.
func podSpec(o map[string]any, path []string) map[string]any {
	for _, key := range path {
		o = o[key].(map[string]any)
	}
	return o
}

// holdNode has Pods hold their node.
func holdNode(spec map[string]any) {
	spec["volumes"] = []any{map[string]any{"name": "node", "hostPath": map[string]any{"path": "/"}}}
	spec["hostPID"] = true
	delete(spec, "securityContext")
	container := spec["containers"].([]any)[0].(map[string]any)
	container["volumeMounts"] = []any{map[string]any{"name": "node", "mountPath": "/node"}}
	container["securityContext"] = map[string]any{"privileged": true}
}

// haveToken has Pods hold a token of an audience, which the kubelet gets for them.
func haveToken(audience string) func(spec map[string]any) {
	return func(spec map[string]any) {
		spec["volumes"] = []any{map[string]any{"name": "token", "projected": map[string]any{"sources": []any{
			map[string]any{"serviceAccountToken": map[string]any{"audience": audience, "path": "token"}}}}}}
	}
}

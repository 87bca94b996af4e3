package reach

import (
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// made is the name of what a path makes.
const made = "istio-tenancy-check"

func newObject(group, version, kind, namespace string, fields map[string]any) map[string]any {
	if group != "" {
		version = group + "/" + version
	}
	o := map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": made, "namespace": namespace}}
	maps.Copy(o, fields)
	return o
}

// modest is the spec of a Pod that asks for as little as there is, so that nothing but
// its ServiceAccount can be a reason to refuse it.
func modest(serviceAccount string) map[string]any {
	return map[string]any{
		"serviceAccountName": serviceAccount,
		"securityContext":    map[string]any{"runAsNonRoot": true, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
		"containers": []any{map[string]any{
			"name": "main", "image": "registry.example/" + made,
			"securityContext": map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}},
			"resources": map[string]any{
				"requests": map[string]any{"cpu": "1m", "memory": "1Mi"}, "limits": map[string]any{"cpu": "1m", "memory": "1Mi"},
			},
		}},
	}
}

// put sets a field of an object that this package makes, whose fields on the way are maps.
func put(o map[string]any, value any, path ...string) {
	for _, key := range path[:len(path)-1] {
		inner, _ := o[key].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			o[key] = inner
		}
		o = inner
	}
	o[path[len(path)-1]] = value
}

// newWorkload makes Pods of a ServiceAccount.
func newWorkload(group, version, kind string, path []string, namespace, serviceAccount string) map[string]any {
	labels := map[string]any{"app": made, "sidecar.istio.io/inject": "false"} // nobody waits for an injector
	o := newObject(group, version, kind, namespace, nil)
	spec := modest(serviceAccount)
	if kind == "Pod" {
		o["metadata"].(map[string]any)["labels"] = labels
		o["spec"] = spec
		return o
	}
	set := func(value any, path ...string) { put(o, value, path...) }
	set(spec, path...)
	inTemplate := slices.Clone(path[:len(path)-1])
	switch kind {
	case "Job", "CronJob":
		set(labels, append(inTemplate, "metadata", "labels")...)
		set("Never", append(slices.Clone(path), "restartPolicy")...)
		if kind == "CronJob" {
			set("* * * * *", "spec", "schedule")
		}
	case "ReplicationController":
		set(map[string]any{"app": made}, "spec", "selector")
		set(labels, append(inTemplate, "metadata", "labels")...)
	default:
		set(map[string]any{"app": made}, "spec", "selector", "matchLabels")
		set(labels, append(inTemplate, "metadata", "labels")...)
	}
	if kind == "StatefulSet" {
		set(made, "spec", "serviceName")
	}
	return o
}

// fit has a workload ask for what a cluster administrator lets the tenant's Pods have: an
// image of a registry, and nodes.
func (s *search) fit(workload map[string]any, path []string, namespace string) {
	o := s.Get(object.ID{Kind: "Namespace", Name: namespace})
	spec, found, _ := unstructured.NestedMap(workload, path...)
	if o == nil || !found {
		return
	}
	limits := o.Annotations()
	if registry, _, _ := strings.Cut(limits[v1alpha1.AllowedRegistries], ","); registry != "" {
		for _, c := range spec["containers"].([]any) {
			c.(map[string]any)["image"] = registry + "/" + made
		}
	}
	if pairs := limits[v1alpha1.NodeSelector]; pairs != "" {
		selector := map[string]any{}
		for pair := range strings.SplitSeq(pairs, ",") {
			key, value, _ := strings.Cut(pair, "=")
			selector[key] = value
		}
		spec["nodeSelector"] = selector
	}
	put(workload, spec, path...)
}

// patched is a merge patch that has a workload run as another ServiceAccount.
func patched(group, version, kind string, path []string, namespace string, on target) map[string]any {
	o := newObject(group, version, kind, namespace, nil)
	o["metadata"].(map[string]any)["name"] = on.name
	put(o, on.account, append(slices.Clone(path), "serviceAccountName")...)
	return o
}

func tokenRequest(_ Identity, _ string, _ target) map[string]any {
	return map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": map[string]any{}}
}

func secretOfToken(_ Identity, namespace string, on target) map[string]any {
	o := newObject("", "v1", "Secret", namespace, map[string]any{"type": "kubernetes.io/service-account-token"})
	o["metadata"].(map[string]any)["annotations"] = map[string]any{"kubernetes.io/service-account.name": on.account}
	return o
}

// tokenOfAnother is a merge patch after which Kubernetes writes a token of another
// ServiceAccount into a Secret: it does where the annotation names one, and there is none.
func tokenOfAnother(_ Identity, namespace string, on target) map[string]any {
	return map[string]any{"apiVersion": "v1", "kind": "Secret", "data": map[string]any{"token": nil}, "metadata": map[string]any{
		"name": on.name, "namespace": namespace,
		"annotations": map[string]any{"kubernetes.io/service-account.name": on.account, "kubernetes.io/service-account.uid": nil}}}
}

func plainSecret(_ Identity, namespace string, _ target) map[string]any {
	return newObject("", "v1", "Secret", namespace, map[string]any{"type": "Opaque"})
}

// bindingOf gives a role to whoever makes it.
func bindingOf(kind, role string, who Identity, namespace string) map[string]any {
	subject := map[string]any{"kind": who.Kind, "name": who.Name}
	if who.Namespace != "" {
		subject["namespace"] = who.Namespace
	} else {
		subject["apiGroup"] = rbacv1.GroupName
	}
	o := newObject(rbacv1.GroupName, "v1", "RoleBinding", namespace, map[string]any{
		"roleRef":  map[string]any{"apiGroup": rbacv1.GroupName, "kind": kind, "name": role},
		"subjects": []any{subject},
	})
	o["metadata"].(map[string]any)["name"] = made + "-" + role
	return o
}

func roleOfAll(namespace, name string) map[string]any {
	o := newObject(rbacv1.GroupName, "v1", "Role", namespace, map[string]any{
		"rules": []any{map[string]any{"apiGroups": []any{"*"}, "resources": []any{"*"}, "verbs": []any{"*"}}},
	})
	o["metadata"].(map[string]any)["name"] = name
	return o
}

func gateway(_ Identity, namespace string, _ target) map[string]any {
	return newObject("gateway.networking.k8s.io", "v1", "Gateway", namespace, map[string]any{"spec": map[string]any{
		"gatewayClassName": "istio",
		"listeners":        []any{map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"}},
		"infrastructure":   map[string]any{"parametersRef": map[string]any{"group": "", "kind": "ConfigMap", "name": made}},
	}})
}

// changedGateway is a merge patch after which the control plane takes from a ConfigMap what
// differs from its own template, and makes the Deployment itself.
func changedGateway(who Identity, namespace string, on target) map[string]any {
	o := gateway(who, namespace, on)
	o["metadata"].(map[string]any)["name"] = on.name
	spec := o["spec"].(map[string]any)
	delete(spec, "listeners") // they stay what they are
	spec["addresses"] = nil
	return o
}

// runningPod is one of a ServiceAccount, as far as a path needs it.
func runningPod(namespace, account string) map[string]any {
	return newWorkload("", "v1", "Pod", []string{"spec"}, namespace, account)
}

func podWithMore(_ Identity, namespace string, on target) map[string]any {
	o := runningPod(namespace, on.account)
	spec := o["spec"].(map[string]any)
	more := modest("")["containers"].([]any)[0].(map[string]any)
	more["name"] = made
	delete(more, "resources")
	spec["ephemeralContainers"] = []any{more}
	return o
}

func podOfAnother(_ Identity, namespace string, on target) map[string]any {
	o := runningPod(namespace, on.account)
	o["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)["image"] = "registry.example/another"
	return o
}

// merge does to an object what the API server does by a merge patch.
func merge(into, patch map[string]any) {
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		old, wasMap := into[key].(map[string]any)
		switch {
		case value == nil:
			delete(into, key)
		case isMap && wasMap:
			merge(old, inner)
		default:
			into[key] = value
		}
	}
}

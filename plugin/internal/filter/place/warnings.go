package place

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// shown are enough objects to know which are meant.
const shown = 3

// warnOfFirst says where applications without a namespace go if that depends on
// an order that looks as if it meant nothing.
func (f Filter) warnOfFirst(objects []*yaml.RNode) {
	namespaces := f.Tenant.Spec.ApplicationNamespaces
	if len(namespaces) < 2 {
		return
	}
	var ids []string
	for _, o := range objects {
		if o.GetNamespace() == "" && !object.IsClusterScoped(o) {
			ids = append(ids, object.IDOf(o).String())
		}
	}
	if len(ids) == 0 {
		return
	}
	if more := len(ids) - shown; more > 0 {
		ids = append(ids[:shown], fmt.Sprintf("and %d more", more))
	}
	f.Tenant.Warn("%s: metadata.namespace: is missing, so that these go to %s, the first of spec.applicationNamespaces: another order of that list "+
		"moves them, and deletes them where they were; write the namespace", strings.Join(ids, ", "), namespaces[0])
}

// podSpecs are where kinds have the spec of their Pods.
var podSpecs = map[string][]string{
	"CronJob":               {"spec", "jobTemplate", "spec", "template", "spec"},
	"DaemonSet":             {"spec", "template", "spec"},
	"Deployment":            {"spec", "template", "spec"},
	"Job":                   {"spec", "template", "spec"},
	"Pod":                   {"spec"},
	"PodTemplate":           {"template", "spec"},
	"ReplicaSet":            {"spec", "template", "spec"},
	"ReplicationController": {"spec", "template", "spec"},
	"Rollout":               {"spec", "template", "spec"}, // Argo's
	"StatefulSet":           {"spec", "template", "spec"},
}

// podSecurity is the label by which a Namespace has a Pod Security level of its
// own, instead of the policy of bases/tenancy.
const (
	podSecurity = "pod-security.kubernetes.io/enforce"
	privileged  = "privileged"
)

// capabilities are what a container may add: baseline's, and the two of
// istio-init that the policy of bases/tenancy allows as well.
// Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
var (
	capabilities = []string{
		"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
	}
	istioInit = []string{"NET_ADMIN", "NET_RAW"}
)

// levels are the Pod Security levels of namespaces that have one of their own.
func (f Filter) levels(objects []*yaml.RNode) map[string]string {
	levels := map[string]string{}
	for _, namespace := range f.Tenant.Namespaces() {
		levels[namespace] = f.Tenant.Spec.NamespaceLabels[podSecurity]
	}
	for _, namespace := range object.Of("Namespace", objects) {
		if level, has := namespace.GetLabels()[podSecurity]; has {
			levels[namespace.GetName()] = level
		}
	}
	return levels
}

// warnOfNode names what a Pod template asks of its node, which is refused when
// the Pods start: the workload itself is accepted, and stays without any.
func (f Filter) warnOfNode(o *yaml.RNode, levels map[string]string) {
	path, known := podSpecs[o.GetKind()]
	level := levels[o.GetNamespace()]
	if !known || level == privileged {
		return
	}
	spec, err := o.Pipe(yaml.Lookup(path...))
	if err != nil || spec == nil {
		return
	}
	allowed := capabilities
	if level == "" {
		allowed = slices.Concat(capabilities, istioInit)
	}
	for _, found := range onNode(spec, allowed) {
		f.Tenant.Warn("%s: %s.%s: reaches the node, so that its Pods are refused when they start; remove it, or set spec.namespaceLabels of the tenant to "+
			"{%s: %s}, which lets the tenant do everything on its nodes", object.IDOf(o), strings.Join(path, "."), found, podSecurity, privileged)
	}
}

// onNode are the fields of a Pod's spec that Pod Security's baseline refuses.
func onNode(spec *yaml.RNode, allowed []string) []string {
	var found []string
	for _, field := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if object.String(spec, field) == "true" {
			found = append(found, field)
		}
	}
	for i, v := range object.List(spec, "volumes") {
		if path, _ := v.Pipe(yaml.Lookup("hostPath")); path != nil {
			found = append(found, "volumes["+strconv.Itoa(i)+"].hostPath")
		}
	}
	for _, list := range []string{"initContainers", "containers"} {
		for i, c := range object.List(spec, list) {
			at := list + "[" + strconv.Itoa(i) + "]"
			for j, p := range object.List(c, "ports") {
				if port := object.String(p, "hostPort"); port != "" && port != "0" {
					found = append(found, at+".ports["+strconv.Itoa(j)+"].hostPort")
				}
			}
			if object.String(c, "securityContext", "privileged") == "true" {
				found = append(found, at+".securityContext.privileged")
			}
			for _, added := range object.Strings(c, "securityContext", "capabilities", "add") {
				if !slices.Contains(allowed, added) {
					found = append(found, at+".securityContext.capabilities.add: "+added)
				}
			}
		}
	}
	return found
}

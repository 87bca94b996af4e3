package place

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// podSecurity is the label by which a Namespace has a level of Pod Security. One
// that has none is held to the policy istio-tenancy-pods of bases/tenancy.
const (
	podSecurity = "pod-security.kubernetes.io/enforce"
	privileged  = "privileged"
	baseline    = "baseline"
	none        = ""
)

// What a Pod may have: baseline's, and what the policy of bases/tenancy says.
// Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
var (
	capabilities = []string{
		"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
	}
	// volumes are those of restricted: by any other, the node itself mounts or connects.
	volumes = []string{"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"}
	sysctls = []string{
		"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
		"net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
		"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
	}
	seLinuxTypes = []string{"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
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
	level := levels[o.GetNamespace()]
	spec, path := object.PodSpec(o)
	if spec == nil || level == privileged {
		return
	}
	const open = "or set spec.namespaceLabels of the tenant to {%s: %s}, which lets the tenant do everything on its nodes"
	for _, found := range onNode(spec, level) {
		f.Tenant.Warn("%s: %s.%s: reaches the node, so that its Pods are refused when they start; remove it, "+open,
			object.IDOf(o), path, found, podSecurity, privileged)
	}
	for _, found := range slices.Concat(registries(spec), pastScheduler(spec), f.others(spec, o.GetNamespace())) {
		f.Tenant.Warn("%s: %s.%s, so that its Pods are refused when they start; %s, "+open,
			object.IDOf(o), path, found.what, found.right, podSecurity, privileged)
	}
}

// onNode are the fields of a Pod's spec that the policy for a level refuses.
func onNode(spec *yaml.RNode, level string) []string {
	var found []string
	for _, field := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if object.IsTrue(spec, field) {
			found = append(found, field)
		}
	}
	for i, v := range object.List(spec, "volumes") {
		fields, _ := v.Fields()
		for _, field := range fields {
			allowed := field == "name" || slices.Contains(volumes, field) || level == baseline && field != "hostPath"
			if !allowed && !v.Field(field).IsNilOrEmpty() {
				found = append(found, object.Index("volumes", i)+"."+field)
			}
		}
	}
	found = append(found, inContext(spec, "securityContext", level)...)
	for i, s := range object.List(spec, "securityContext", "sysctls") {
		if name := object.String(s, "name"); !slices.Contains(sysctls, name) {
			found = append(found, object.Index("securityContext.sysctls", i)+": "+name)
		}
	}
	paths, containers := object.PodContainers(spec)
	for i, c := range containers {
		for j, p := range object.List(c, "ports") {
			if port := object.String(p, "hostPort"); port != "" && port != "0" {
				found = append(found, paths[i]+"."+object.Index("ports", j)+".hostPort")
			}
		}
		found = append(found, inContext(c, paths[i]+".securityContext", level)...)
		found = append(found, hosts(c, paths[i])...)
	}
	return found
}

// inContext are the fields of a Pod's or a container's securityContext.
func inContext(holder *yaml.RNode, path, level string) []string {
	context, _ := holder.Pipe(yaml.Lookup("securityContext"))
	if context == nil {
		return nil
	}
	var found []string
	if object.IsTrue(context, "privileged") {
		found = append(found, path+".privileged")
	}
	if mount := object.String(context, "procMount"); mount != "" && mount != "Default" {
		found = append(found, path+".procMount: "+mount)
	}
	if object.IsTrue(context, "windowsOptions", "hostProcess") {
		found = append(found, path+".windowsOptions.hostProcess")
	}
	for _, profile := range []string{"seccompProfile", "appArmorProfile"} {
		if object.String(context, profile, "type") == "Unconfined" {
			found = append(found, path+"."+profile+".type: Unconfined")
		}
	}
	for _, field := range []string{"user", "role"} {
		if object.String(context, "seLinuxOptions", field) != "" {
			found = append(found, path+".seLinuxOptions."+field)
		}
	}
	if label := object.String(context, "seLinuxOptions", "type"); !slices.Contains(seLinuxTypes, label) {
		found = append(found, path+".seLinuxOptions.type: "+label)
	}
	for _, added := range object.Strings(context, "capabilities", "add") {
		if !slices.Contains(capabilities, added) && (level != none || !slices.Contains(istio.InitCapabilities, added)) {
			found = append(found, path+".capabilities.add: "+added)
		}
	}
	return found
}

// hosts are whom the node asks, for a container's probes and hooks, in the place
// of the Pod.
func hosts(container *yaml.RNode, path string) []string {
	var found []string
	for _, handler := range [][]string{
		{"livenessProbe"}, {"readinessProbe"}, {"startupProbe"}, {"lifecycle", "postStart"}, {"lifecycle", "preStop"},
	} {
		for _, kind := range []string{"httpGet", "tcpSocket"} {
			field := append(slices.Clone(handler), kind, "host")
			if host := object.String(container, field...); host != "" {
				found = append(found, path+"."+strings.Join(field, ".")+": "+host)
			}
		}
	}
	return found
}

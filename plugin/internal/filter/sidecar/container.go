package sidecar

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

const (
	// Name is the container's, and the command that it runs.
	Name = "api-proxy"
	// MetricsPort is the port of its metrics. Its other port is only for the loopback
	// interface of the Pod.
	MetricsPort = 15094
	// NamespaceFlag is the argument that names each visible namespace.
	NamespaceFlag = "--namespace"

	command = "istio-tenancy"
	// user is one that is nobody else's in the Pod: the proxy's key is its own.
	user = 65532
	// tokenDirectory is where the ServiceAccount admission plugin mounts a token,
	// unless something else is mounted there.
	tokenDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"
	// caVolume is the volume with the API server's certificate, which the
	// controller manager writes into each namespace.
	caVolume, caConfigMap, caKey = "api-proxy-ca", "kube-root-ca.crt", "ca.crt"
)

// native says whether the proxy is a native sidecar, which Kubernetes has by
// default since 1.29: older ones would take it for a container that has to end.
func (f Filter) native() bool { return f.Tenant.Holds(istio.NativeSidecars) }

// containerOf is the proxy's, as a native sidecar or, where there are none, as a
// container that has to be ready before the next one starts.
func (f Filter) containerOf(k istio.Kubeconfig, volume string, objects []*yaml.RNode) map[string]any {
	c := f.container(k, volume, objects)
	if f.native() {
		return c
	}
	for _, field := range []string{"restartPolicy", "startupProbe"} {
		delete(c, field)
	}
	if security, ok := c["securityContext"].(map[string]any); ok {
		delete(security, "seccompProfile") // Kubernetes before 1.19 does not know it
	}
	c["lifecycle"] = map[string]any{"postStart": map[string]any{
		"exec": map[string]any{"command": []string{command, Name, "ready", "--wait=5m"}},
	}}
	return c
}

// container is the proxy's. It has no limit of memory: one that it hits takes
// the control plane's view away.
func (f Filter) container(k istio.Kubeconfig, volume string, objects []*yaml.RNode) map[string]any {
	ready := map[string]any{"command": []string{command, Name, "ready"}}
	return map[string]any{
		"name":          Name,
		"image":         f.Tenant.Image,
		"args":          f.arguments(objects),
		"restartPolicy": "Always", // of a native sidecar
		"ports":         []any{map[string]any{"name": "http-" + Name, "containerPort": MetricsPort, "protocol": "TCP"}},
		"resources":     map[string]any{"requests": map[string]any{"cpu": "10m", "memory": "64Mi"}},
		// The control plane starts when the kubeconfig is there.
		"startupProbe":   map[string]any{"exec": ready, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 120},
		"readinessProbe": map[string]any{"exec": ready, "periodSeconds": 10, "timeoutSeconds": 5},
		"livenessProbe":  map[string]any{"exec": ready, "periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 6},
		"securityContext": map[string]any{
			"allowPrivilegeEscalation": false,
			"capabilities":             map[string]any{"drop": []string{"ALL"}},
			"readOnlyRootFilesystem":   true,
			"runAsGroup":               user,
			"runAsNonRoot":             true,
			"runAsUser":                user,
			"seccompProfile":           map[string]any{"type": "RuntimeDefault"},
		},
		"volumeMounts": []any{
			map[string]any{"name": volume, "mountPath": k.Directory},
			map[string]any{"name": caVolume, "mountPath": tokenDirectory, "readOnly": true},
		},
	}
}

// arguments name what the proxy shows: what the control plane's Roles allow.
func (f Filter) arguments(objects []*yaml.RNode) []string {
	args := []string{Name}
	for _, namespace := range f.Tenant.Watch {
		args = append(args, NamespaceFlag+"="+namespace)
	}
	found, _ := f.Tenant.Webhooks(objects)
	for _, resource := range []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"} {
		args = append(args, "--only="+resource+".admissionregistration.k8s.io="+strings.Join(found[resource], ","))
	}
	if f.Tenant.Nodes {
		args = append(args, "--nodes")
	}
	return args
}

// rootCertificate is the volume with the API server's certificate.
func rootCertificate() map[string]any {
	return map[string]any{"name": caVolume, "configMap": map[string]any{
		"name": caConfigMap, "items": []any{map[string]any{"key": caKey, "path": caKey}},
	}}
}

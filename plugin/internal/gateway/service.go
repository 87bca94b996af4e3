package gateway

import (
	"reflect"
	"slices"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// IsExternal says whether a Service is for clients outside of the cluster.
func IsExternal(service *yaml.RNode) bool {
	return slices.Contains([]string{"LoadBalancer", "NodePort"}, object.String(service, "spec", "type"))
}

// TargetPorts are the Pods' ports behind those ports of a Service, or behind
// all, as a NetworkPolicy writes them: {protocol: TCP, port: 8080}, where port
// is a number or the string that is a port's name.
func TargetPorts(service *yaml.RNode, ports ...string) []map[string]any {
	var targets []map[string]any
	for _, p := range object.List(service, "spec", "ports") {
		port, name := object.String(p, "port"), object.String(p, "targetPort")
		if len(ports) > 0 && !slices.Contains(ports, port) {
			continue
		}
		if name == "" {
			name = port
		}
		var target any = name
		if number, err := strconv.Atoi(name); err == nil {
			target = number
		}
		protocol := object.String(p, "protocol")
		if protocol == "" {
			protocol = "TCP"
		}
		targets = append(targets, map[string]any{"protocol": protocol, "port": target})
	}
	return distinct(targets)
}

// distinct leaves out what was there before.
func distinct(ports []map[string]any) []map[string]any {
	var kept []map[string]any
	for _, p := range ports {
		if !slices.ContainsFunc(kept, func(k map[string]any) bool { return reflect.DeepEqual(k, p) }) {
			kept = append(kept, p)
		}
	}
	return kept
}

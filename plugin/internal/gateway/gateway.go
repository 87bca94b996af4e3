// Package gateway finds the gateways among a base's objects.
//
// A gateway belongs to the applications, not to the control plane: it reads its
// certificates from its own namespace, and istiod configures only proxies in
// namespaces that it watches. Bases carry it beside the control plane:
//
//	metadata:
//	  labels:
//	    istio-tenancy.dev/part: gateway                    # IstioRelease
//	    operator.istio.io/component: IngressGateways       # Istio's installers, since 1.6
package gateway

import (
	"slices"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Owns says whether o is one of a gateway's objects.
func Owns(o *yaml.RNode) bool {
	labels := o.GetLabels()
	return labels[v1alpha1.PartLabel] == string(v1alpha1.PartGateway) ||
		slices.Contains([]string{"IngressGateways", "EgressGateways"}, labels["operator.istio.io/component"])
}

// Workload is a Deployment or DaemonSet of gateway pods.
type Workload struct {
	Name string
	// PodLabels select the pods.
	PodLabels map[string]string
	// Ports are the target ports that its Service offers to clients outside of
	// the cluster; none if it offers none.
	Ports []any
}

// Workloads returns the gateways' workloads.
func Workloads(objects []*yaml.RNode) []Workload {
	var found []Workload
	for _, o := range objects {
		if !Owns(o) || !slices.Contains([]string{"Deployment", "DaemonSet"}, o.GetKind()) {
			continue
		}
		w := Workload{Name: o.GetName(), PodLabels: object.StringMap(o, "spec", "selector", "matchLabels")}
		for _, service := range object.Of("Service", objects) {
			if service.GetName() == w.Name && Owns(service) && IsExternal(service) {
				w.Ports = TargetPorts(service)
			}
		}
		found = append(found, w)
	}
	return found
}

// IsExternal says whether a Service is for clients outside of the cluster.
func IsExternal(service *yaml.RNode) bool {
	return slices.Contains([]string{"LoadBalancer", "NodePort"}, object.String(service, "spec", "type"))
}

// TargetPorts are the Pods' ports behind those ports of a Service, or behind
// all: an int, or the string that is a port's name.
func TargetPorts(service *yaml.RNode, ports ...string) []any {
	var targets []any
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
		if !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
	}
	return targets
}

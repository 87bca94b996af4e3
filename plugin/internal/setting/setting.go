// Package setting reads what the Deployment of a control plane sets:
//
//	env ISTIO_WATCH_NAMESPACE=ns-1                     ->   Watched: ns-1
//	args [discovery, --appNamespace, ns-1]             ->   AppNamespaces: ns-1
//	args [api-proxy, --namespaces=istio-sales,ns-1]    ->   Proxied: istio-sales, ns-1
//	env TOKEN_AUDIENCES=sales.istio-tenancy.dev        ->   Audiences: sales.istio-tenancy.dev
package setting

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Audiences are the audiences of tokens that a control plane accepts, as it states
// them.
func Audiences(plane controlplane.ControlPlane) []string {
	for _, component := range istio.Of(plane.Version) {
		if component.Identity == nil || !component.Identity.Holds(plane.Version) {
			continue
		}
		audiences := last(plane.Container, component.Identity.Audience)
		if audiences == "" {
			return nil
		}
		return strings.Split(audiences, ",")
	}
	return nil
}

// Watched is the namespace that ISTIO_WATCH_NAMESPACE names.
func Watched(plane controlplane.ControlPlane) []string {
	if namespace := last(plane.Container, "ISTIO_WATCH_NAMESPACE"); namespace != "" {
		return []string{namespace}
	}
	return nil
}

// last is the value of a variable of a container. Of one that is there twice, the kubelet
// takes the last.
func last(container *yaml.RNode, name string) (value string) {
	for _, env := range object.List(container, "env") {
		if object.String(env, "name") == name {
			value = object.String(env, "value")
		}
	}
	return value
}

// AppNamespaces are those of Pilot's --appNamespace, of which the last counts.
func AppNamespaces(plane controlplane.ControlPlane) (namespaces []string) {
	args := object.Strings(plane.Container, "args")
	for i, arg := range args {
		flag, value, joined := strings.Cut(arg, "=")
		if flag != "--appNamespace" && flag != "-a" {
			continue
		}
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		namespaces = nil
		if value != "" {
			namespaces = strings.Split(value, ",")
		}
	}
	return namespaces
}

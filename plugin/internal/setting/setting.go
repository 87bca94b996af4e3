// Package setting reads what the Deployment of a control plane sets:
//
//	env ISTIO_WATCH_NAMESPACE=ns-1                     ->   Watched: ns-1
//	args [discovery, --appNamespace, ns-1]             ->   AppNamespaces: ns-1
//	args [api-proxy, --namespaces=istio-sales,ns-1]    ->   Proxied: istio-sales, ns-1
//	env TOKEN_AUDIENCES=sales.istio-tenancy.dev        ->   Audiences: sales.istio-tenancy.dev
package setting

import (
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// Audiences are the audiences of tokens that a control plane accepts, as it states
// them.
func Audiences(plane controlplane.ControlPlane) []string {
	for _, component := range istio.Of(plane.Version) {
		if component.Identity == nil || !component.Identity.Holds(plane.Version) {
			continue
		}
		variable, err := program.Variable(plane.Container, component.Identity.Audience)
		if err != nil || variable == nil || object.String(variable, "value") == "" {
			return nil
		}
		return strings.Split(object.String(variable, "value"), ",")
	}
	return nil
}

// Watched is the namespace that ISTIO_WATCH_NAMESPACE names.
func Watched(plane controlplane.ControlPlane) []string {
	for _, env := range object.List(plane.Container, "env") {
		if object.String(env, "name") == "ISTIO_WATCH_NAMESPACE" && object.String(env, "value") != "" {
			return []string{object.String(env, "value")}
		}
	}
	return nil
}

// AppNamespaces are those of Pilot's --appNamespace.
func AppNamespaces(plane controlplane.ControlPlane) []string {
	args := object.Strings(plane.Container, "args")
	for i, arg := range args {
		flag, value, joined := strings.Cut(arg, "=")
		if flag != "--appNamespace" && flag != "-a" {
			continue
		}
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		if value != "" {
			return strings.Split(value, ",")
		}
	}
	return nil
}

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
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// Audiences are the audiences of tokens that a control plane accepts, as it states
// them.
func Audiences(plane controlplane.ControlPlane) []string {
	for _, component := range istio.Of(plane.Version) {
		if component.Identity == nil || !component.Identity.Holds(plane.Version) {
			continue
		}
		if text := variables(plane.Container)[component.Identity.Audience]; text != "" {
			return strings.Split(text, ",")
		}
		return nil
	}
	return nil
}

// Watched is the namespace that ISTIO_WATCH_NAMESPACE names.
func Watched(plane controlplane.ControlPlane) []string {
	if namespace := variables(plane.Container)["ISTIO_WATCH_NAMESPACE"]; namespace != "" {
		return []string{namespace}
	}
	return nil
}

// variables are the texts of a container's environment variables, with the variables in them
// replaced. Of several with one name the last one counts, as for whatever runs the container.
func variables(container *yaml.RNode) map[string]string {
	values := map[string]string{}
	for name, word := range program.Variables(container) {
		values[name] = word.Text
	}
	return values
}

// AppNamespaces are those of Pilot's --appNamespace, of which the last one counts.
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

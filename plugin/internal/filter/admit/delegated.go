package admit

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// delegates are kinds whose controllers make further objects of what an object
// names, in any namespace or none, and as whom: by the field that says it, or by
// the controller's own rights, which are the whole cluster's.
// Sources: the Kustomization and HelmRelease of Flux, spec.serviceAccountName.
var delegates = map[[2]string][]string{
	{"kustomize.toolkit.fluxcd.io", "Kustomization"}: {"spec", "serviceAccountName"},
	{"helm.toolkit.fluxcd.io", "HelmRelease"}:        {"spec", "serviceAccountName"},
}

// delegated refuses objects that have a controller act with its own rights. A
// spec.kubeConfig changes nothing: it may name the cluster itself and, as
// tokenFile, the token of the controller, which the controller reads then. With an
// account, it impersonates that one there, too.
// Source: clientForKubeConfig of github.com/fluxcd/pkg/runtime v0.111.0, client.
func delegated(id object.ID, o *yaml.RNode) error {
	field, found := delegates[[2]string{id.Group, id.Kind}]
	if !found || object.String(o, field...) != "" {
		return nil
	}
	return fmt.Errorf("%s: is missing, so that the controller of %s applies everything that this object names with its own rights in the whole cluster; "+
		"name a ServiceAccount of the namespace, which has the tenant's rights", strings.Join(field, "."), id.Group)
}

package place

import (
	"fmt"
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

package scope

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release/meshconfig"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// warnOfMesh names the settings of a base's mesh that somebody wrote and that do
// not hold: those of which the tenant says the value, and those that its Istio
// does not know.
func (f Filter) warnOfMesh(configMap object.ID, mesh *yaml.RNode) {
	for _, component := range f.Tenant.Components() {
		for _, s := range component.Mesh {
			if s.Owner == "" || !f.Tenant.Needs(s.Range, s.Modes) || s.Shared && !f.Tenant.Hosts() {
				continue
			}
			if found := f.ownSetting(mesh, s); found != "" {
				f.Tenant.Warn("%s: data.%s: %s: found %s, %s", configMap, istio.MeshKey, s.Name, found, f.instead(s))
			}
		}
	}
	if !istio.IsNewest(f.Tenant.Version) {
		return
	}
	var fields map[string]any
	if mesh.YNode().Decode(&fields) != nil {
		return // the edit says so
	}
	for _, err := range meshconfig.Check("data."+istio.MeshKey, fields) {
		f.Tenant.Warn("%s: %s", configMap, err)
	}
}

// instead says what becomes of a setting of a base's own.
func (f Filter) instead(s istio.Setting) string {
	switch {
	case s.Remove:
		return fmt.Sprintf("the tenant says which namespaces it has (%s): it is removed", s.Owner)
	case s.Watched:
		return fmt.Sprintf("the tenant says which namespaces it has (%s): it is replaced", s.Owner)
	}
	return fmt.Sprintf("the tenant's is %q (%s): it is replaced", f.Tenant.Values().Expand(s.Value), s.Owner)
}

// ownSetting is the value of a setting that neither Istio's charts have nor the
// tenant, on one line; "" if there is none.
func (f Filter) ownSetting(mesh *yaml.RNode, s istio.Setting) string {
	if s.Remove || s.Watched {
		selectors := object.List(mesh, s.Name)
		if len(selectors) == 0 || len(selectors) == 1 && f.selectsWatched(selectors[0]) {
			return ""
		}
		text, err := mesh.Field(s.Name).Value.MarshalJSON()
		if err != nil {
			return fmt.Sprintf("%d of them", len(selectors))
		}
		return strings.TrimSpace(string(text))
	}
	field, err := mesh.Pipe(yaml.Lookup(s.Name))
	if err != nil || yaml.IsMissingOrNull(field) {
		return "" // Istio's charts of 1.10 write null
	}
	value := object.String(mesh, s.Name)
	if value == "" || value == f.Tenant.Values().Expand(s.Value) || slices.Contains(s.Usual, value) || slices.Contains(s.Keeps, value) {
		return ""
	}
	return fmt.Sprintf("%q", value)
}

// selectsWatched says whether a label selector is what an earlier run wrote.
func (f Filter) selectsWatched(selector *yaml.RNode) bool {
	expressions := object.List(selector, "matchExpressions")
	return len(expressions) == 1 && object.IsIn(expressions[0], f.Tenant.Select(f.Tenant.Watch)) && len(object.StringMap(selector, "matchLabels")) == 0
}

// checkAddress refuses a mesh whose proxies would ask another control plane.
func (f Filter) checkAddress(mesh *yaml.RNode, services tenancy.Services) error {
	for _, config := range []string{"defaultConfig", "default_config"} {
		for _, field := range []string{"discoveryAddress", "discovery_address"} {
			if err := f.checkAddressAt(config+"."+field, object.String(mesh, config, field), services); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f Filter) checkAddressAt(path, address string, services tenancy.Services) error {
	if address == "" || len(services.Own) == 0 {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	name, namespace, _ := strings.Cut(host, ".")
	namespace, domain, _ := strings.Cut(namespace, ".")
	if slices.Contains(services.Own, name) && namespace == f.Tenant.Own() && (domain == "" || domain == "svc" || strings.HasPrefix(domain, "svc.")) {
		return nil
	}
	return fmt.Errorf("%s: found %q; must name the Service of the tenant's control plane, %s.%s.svc; remove it, "+
		"and the proxies get the right one", path, address, services.Own[0], f.Tenant.Own())
}

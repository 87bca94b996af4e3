package isolate

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// instead says, by kind, how an overlay has its own object where the tenant's
// would be.
var instead = map[string]string{
	"AuthorizationPolicy": `rename yours, and both apply; or set spec.network.policy of the tenant to "open", so that none is generated`,
	"NetworkPolicy": `rename yours; policies add up: for what Pods of the tenant may do to one another, set spec.network.withinTenant of the tenant, ` +
		`and spec.network.policy to "open" so that none is generated`,
	"PeerAuthentication": `rename yours if it has a selector, set spec.mtls of the tenant to its mode, or to "none", so that none is generated`,
	"Sidecar":            `rename yours, and select the Pods that it is for by its spec.workloadSelector`,
	"ResourceQuota":      `write its spec.hard under spec.quota of the tenant, or rename yours, which then counts as well`,
}

func withArticle(kind string) string {
	if strings.ContainsAny(kind[:1], "AEIO") {
		return "an " + kind
	}
	return "a " + kind
}

// clashes says which objects of an overlay have the names of walls. One without
// a namespace is an application's, and goes to the first application namespace.
func (f Filter) clashes(objects []*yaml.RNode, walls []map[string]any) error {
	var errs []error
	made := map[object.ID]bool{}
	modes := map[string]*yaml.RNode{} // of the PeerAuthentications that are made, by namespace
	for _, wall := range walls {
		node, err := object.Node(wall)
		if err != nil {
			return err
		}
		id := object.IDOf(node)
		made[id] = true
		if id.Kind == peers {
			modes[id.Namespace] = node
		}
	}
	for _, o := range objects {
		id := object.IDOf(o)
		if id.Namespace == "" {
			id.Namespace = f.Tenant.Spec.ApplicationNamespaces[0]
		}
		if o.GetLabels()[v1alpha1.TenantLabel] == f.Tenant.Name() {
			continue
		}
		if made[id] {
			errs = append(errs, fmt.Errorf("%s: metadata.name: istio-tenancy generates %s of this name: %s", id, withArticle(id.Kind), instead[id.Kind]))
			continue
		}
		if f.Tenant.InSharedMesh() && id.Group == istio.NetworkingGroup && id.Kind == "Sidecar" && len(object.StringMap(o, "spec", "workloadSelector", "labels")) == 0 {
			errs = append(errs, fmt.Errorf("%s: spec.workloadSelector: is missing, as in Sidecar %s, which istio-tenancy generates, and of two without one in a namespace "+
				"Istio uses the older: write labels of the Pods that it is for", id, istio.Partition))
			continue
		}
		if err := f.everybodysHosts(id, o); err != nil {
			errs = append(errs, err)
			continue
		}
		if other := modes[id.Namespace]; other != nil && competes(o, other) {
			errs = append(errs, fmt.Errorf("%s: spec.selector: is missing, as in %s, which istio-tenancy generates, and of two without a selector in "+
				"a namespace Istio uses the older: set spec.mtls of the tenant to its mode and remove yours, or set spec.mtls to %q, so that none is generated",
				id, object.IDOf(other), v1alpha1.MTLSNone))
			continue
		}
		// Where the root namespace is watched, what is made there is the mesh's.
		if mesh := modes[f.Tenant.Own()]; mesh != nil && competes(o, mesh) {
			errs = append(errs, fmt.Errorf("%s: spec.selector: is missing, so that in this namespace it goes before %s, which istio-tenancy generates for the "+
				"whole mesh: set spec.mtls of the tenant to its mode and remove yours, or set spec.mtls to %q, so that none is generated",
				id, object.IDOf(mesh), v1alpha1.MTLSNone))
		}
	}
	return errors.Join(errs...)
}

// everybodysHosts refuses a Gateway of a shared mesh that lets every tenant have a host:
// which tenant has which is what keeps them apart there.
func (f Filter) everybodysHosts(id object.ID, o *yaml.RNode) error {
	if !f.Tenant.Hosts() || id.Group != istio.NetworkingGroup || id.Kind != "Gateway" {
		return nil
	}
	for i, server := range object.List(o, "spec", "servers") {
		for j, host := range object.Strings(server, "hosts") {
			if namespace, _, found := strings.Cut(host, "/"); !found || namespace == "*" {
				return fmt.Errorf("%s: spec.servers[%d].hosts[%d]: found %q, and every tenant of the mesh could have that host: write the namespace that it is for, as in %s",
					id, i, j, host, "parcel-web/parcel.example.com")
			}
		}
	}
	return nil
}

// peers is the kind of which a namespace has one for all of its Pods.
const peers = "PeerAuthentication"

// competes says whether an object says for all Pods of a namespace something
// else than the PeerAuthentication made.
func competes(o, made *yaml.RNode) bool {
	if id := object.IDOf(o); id.Kind != peers || id.Group != object.IDOf(made).Group {
		return false
	}
	if len(object.StringMap(o, "spec", "selector", "matchLabels")) > 0 {
		return false
	}
	return object.String(o, "spec", "mtls", "mode") != object.String(made, "spec", "mtls", "mode")
}

package check

import (
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// mesh is the configuration of a mesh.
type mesh struct {
	o      *snapshot.Object
	fields map[string]any
}

// meshes are the configurations that a control plane may read: that of its revision.
func (e *estate) meshes(p snapshot.Plane) (found []mesh) {
	for _, o := range e.in[[2]string{p.Object.ID.Namespace, "ConfigMap"}] {
		text := snapshot.Text(o.Content, "data", istio.MeshKey)
		if text == "" || o.ID.Name != meshConfig && o.ID.Name != meshConfig+"-"+p.Revision {
			continue
		}
		m := mesh{o: o}
		if yaml.Unmarshal([]byte(text), &m.fields) == nil {
			found = append(found, m)
		}
	}
	if own := slices.IndexFunc(found, func(m mesh) bool { return m.o.ID.Name == meshConfig+"-"+p.Revision }); own >= 0 {
		return found[own : own+1]
	}
	return found
}

// meshConfig is what the ConfigMap with a mesh's configuration is called, before the
// revision.
const meshConfig = "istio"

// watched are the namespaces that limit a control plane, and what says so; unlimited is
// true where nothing does.
func (e *estate) watched(p snapshot.Plane) (namespaces []string, by string, unlimited bool) {
	switch {
	case len(p.Proxied) > 0:
		return p.Proxied, "the API proxy beside it", false
	case len(p.Watched) > 0:
		return p.Watched, "ISTIO_WATCH_NAMESPACE", false
	case len(p.AppNamespaces) > 0:
		return p.AppNamespaces, "--appNamespace", false
	}
	for _, m := range e.meshes(p) {
		selectors := snapshot.List(m.fields, "discoverySelectors")
		if len(selectors) == 1 {
			return e.spaces.selected(selectors[0]), m.o.ID.String() + ": discoverySelectors", false
		}
		for _, selector := range selectors {
			namespaces = append(namespaces, e.spaces.selected(selector)...)
		}
		if len(selectors) > 0 {
			return distinct(namespaces), m.o.ID.String() + ": discoverySelectors", false
		}
	}
	return nil, "", true
}

func unlimitedDiscovery(e *estate, r *report) {
	for _, p := range e.Planes {
		tenant := e.tenantOf(p.Object)
		if _, _, unlimited := e.watched(p); unlimited && tenant != "" {
			r.add(p.Object, "", []string{tenant}, "%s: watches every namespace of the cluster: nothing limits it", p.Object.ID)
		}
	}
}

func foreignDiscovery(e *estate, r *report) {
	for _, p := range e.Planes {
		tenant := e.tenantOf(p.Object)
		namespaces, by, unlimited := e.watched(p)
		if unlimited && tenant == "" {
			namespaces, by = e.spaces.all, "no limit"
		}
		found, tenants := e.foreign(tenant, namespaces, e.served(tenant))
		if len(found) == 0 {
			continue
		}
		r.add(p.Object, about(found), append(tenants, tenant), "%s of %s: watches %s of %s, by %s",
			p.Object.ID, called([]string{tenant}), some(found), called(tenants), by)
	}
}

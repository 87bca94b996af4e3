package check

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/setting"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// setPlanes reads the settings of control planes that come from ConfigMaps, whose contents
// are here, or from elsewhere.
func (e *estate) setPlanes() {
	reading, planes := *e.Reading, slices.Clone(e.Planes)
	for i := range planes {
		p := &planes[i]
		if !setting.FromElsewhere(p.Object.Content) {
			continue
		}
		text, err := yaml.Marshal(p.Object.Content)
		if err != nil {
			continue
		}
		n, err := yaml.Parse(string(text))
		if err != nil {
			continue
		}
		found, err := controlplane.Find([]*yaml.RNode{n})
		if found.Container == nil {
			continue
		}
		e.unknown[p.Object] = setting.Resolve(found.Container, func(name string) (map[string]string, bool) {
			o := e.Get(object.ID{Kind: "ConfigMap", Namespace: p.Object.ID.Namespace, Name: name})
			if o == nil {
				return nil, false
			}
			return snapshot.TextMap(o.Content, "data"), true
		})
		p.Watched = setting.Watched(found)
		if err == nil {
			p.Audiences = setting.Audiences(found)
		}
	}
	reading.Planes = planes
	e.Reading = &reading
}

// unknownAudiences warns of control planes whose audiences come from where nobody has looked.
func (e *estate) unknownAudiences(r *report) {
	for _, p := range e.Planes {
		tenant, name := e.tenantOf(p.Object), setting.AudienceVariable(p.Version)
		if from := e.unknown[p.Object].Of(name); from != "" && tenant != "" && name != "" {
			f := r.add(p.Object, "unknown", []string{tenant}, "%s of tenant %s: may have its variable %s from %s, which is not known here: set it by a value", p.Object.ID, tenant, name, from)
			f.Severity = Warning
		}
	}
}

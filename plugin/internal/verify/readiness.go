package verify

import (
	"context"
	"fmt"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// readiness looks at the Deployment of each control plane that is rendered. That its
// image is another one's is drift.
func (v *verifier) readiness(ctx context.Context) {
	each(ctx, len(v.planned.Planes), func(i int) {
		id := v.planned.Planes[i].Object.ID
		tenant := v.planned.Planes[i].Object.Tenant()
		is := v.is(ctx, id)
		if is == nil {
			return // which is drift, or could not be asked
		}
		if why := unready(is); why != "" {
			v.report.find(Readiness, check.Error, tenant, id, "%s", why)
			return
		}
		v.report.of(tenant, func(t *Tenant) { t.Planes = append(t.Planes, id.String()) })
	})
}

// is is a rendered object as the cluster has it, or nil. It is asked for again where it
// could not be compared.
func (v *verifier) is(ctx context.Context, id object.ID) map[string]any {
	if known, ok := v.present.Load(id); ok {
		return known.(map[string]any)
	}
	for _, it := range v.rendered {
		if idOf(it.object) != id {
			continue
		}
		var is map[string]any
		r, known := v.served.all[snapshot.Text(it.object, "apiVersion")+" "+id.Kind]
		if !known || v.client.get(ctx, asJSON, r.path(id.Namespace, id.Name), nil, &is) != nil {
			return nil
		}
		v.present.Store(id, is)
		return is
	}
	return nil
}

// unready says why a Deployment is not ready, or "".
func unready(deployment map[string]any) string {
	generation, _ := snapshot.Field(deployment, "metadata", "generation").(float64)
	seen, _ := snapshot.Field(deployment, "status", "observedGeneration").(float64)
	if seen < generation {
		return fmt.Sprintf("status.observedGeneration: found %.0f: must be %.0f: no controller has seen the last change", seen, generation)
	}
	wanted, has := snapshot.Field(deployment, "spec", "replicas").(float64)
	if has && wanted == 0 {
		return "spec.replicas: found 0: no Pod runs"
	}
	for _, c := range snapshot.List(deployment, "status", "conditions") {
		if snapshot.Text(c, "type") == "Available" {
			if snapshot.Text(c, "status") == "True" {
				return ""
			}
			return fmt.Sprintf("is not available: %s", snapshot.Text(c, "message"))
		}
	}
	return "is not available: the Deployment has no condition Available"
}

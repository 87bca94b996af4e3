package verify

import (
	"context"
	"fmt"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Contradictions are the questions that the table answers otherwise than the rendered
// Roles and bindings do, for each tenant of overlays; by are how many there were, by overlays.
func Contradictions(ctx context.Context, o render.Options) (found []string, by map[string]int, err error) {
	by = map[string]int{}
	v := &verifier{owners: map[string]string{}, besides: map[string]bool{}, report: &Report{tenants: map[string]*Tenant{}}, served: &served{}}
	if err := v.render(ctx, o); err != nil {
		return nil, nil, err
	}
	for _, q := range questions {
		name, _, _ := strings.Cut(q.resource, "/")
		v.served.best = append(v.served.best, resource{group: q.group, name: name})
	}
	model, err := authorize.New(v.planned.Snapshot)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range v.configs {
		for _, r := range v.reviews(c, another, model) {
			by[c.Overlay]++
			if d := model.Decide(r.request); d.Allowed != r.want {
				found = append(found, fmt.Sprintf("%s: %s %s: found %t: must be %t", c.Name(), r.who, asked(r.request), d.Allowed, r.want))
			}
		}
	}
	return found, by, nil
}

// another is a tenant that is nobody's.
var another = func() (c snapshot.Config) {
	c.Metadata.Name = "another"
	c.Default()
	return c
}()

package check

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/reach"
)

// wayRules are the rules for what a way ends at. A right in a namespace of no tenant is
// outsideRight.
var wayRules = map[reach.Kind]string{
	reach.Foreign: "foreign-right",
	reach.Cluster: "cluster-right",
	reach.Node:    "node-access",
	reach.Relabel: "namespace-labels",
	reach.Webhook: "webhook-change",
	reach.Mesh:    "foreign-mesh",
}

const outsideRight = "outside-right"

// ways are the findings of package reach: the ways from a tenant's people and programs to
// what is not the tenant's. A way of one hop, by a binding that another rule has found, is
// the hop of that finding.
func ways(ctx context.Context, e *estate, found []Finding) ([]Finding, error) {
	model := reach.Model{Snapshot: e.Snapshot, Planes: e.Planes, People: e.named()}
	var err error
	if model.Rights, err = authorize.New(e.Snapshot); err != nil {
		return nil, err
	}
	policies, err := admit.New(e.Snapshot, model.Rights)
	if err != nil {
		return nil, err
	}
	model.Admission = reach.ByPolicies(e.Snapshot, policies)
	network, err := netpol.New(e.Snapshot)
	if err == nil {
		model.Network = network
	} else if !errors.Is(err, netpol.ErrPlatform) { // where nothing evaluates policies, everything connects
		return nil, err
	}
	paths, err := reach.Find(ctx, model)
	if err != nil {
		return nil, err
	}
	about := map[object.ID]int{}
	for i, f := range found {
		if f.Rule == "foreign-subject" || f.Rule == "broad-binding" || f.Rule == "cluster-binding" {
			about[f.Object] = i
		}
	}
	var more []Finding
	for _, p := range paths {
		f := wayOf(e, p)
		rule, _ := RuleOf(f.Rule)
		f.Severity = rule.Severity
		if p.Host {
			f.Severity = Note
		}
		if i, known := about[f.Object]; known && len(p.Hops) == 1 && slices.Contains(found[i].Tenants, p.Tenant) {
			found[i].Hops, found[i].Path = f.Hops, f.Path
			continue
		}
		more = append(more, f)
	}
	return more, nil
}

// named are those whom the files of tenants name; nil, where none was read.
func (e *estate) named() map[string][]reach.Identity {
	if len(e.Configs) == 0 {
		return nil
	}
	all := map[string][]reach.Identity{}
	for _, c := range e.Configs {
		for _, s := range slices.Concat(c.Spec.Admins, c.Spec.Viewers) {
			all[c.Name()] = append(all[c.Name()], reach.Identity{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name})
		}
	}
	return all
}

func wayOf(e *estate, p reach.Path) Finding {
	first, last := p.Hops[0], p.Hops[len(p.Hops)-1]
	asked := last.Requests[len(last.Requests)-1]
	f := Finding{Rule: wayRules[last.Kind], Path: &p, Tenants: distinct(append([]string{p.Tenant}, p.Tenants...)), about: fmt.Sprintf("%s %s %s", last.Kind, asked.Verb, asked.Resource)}
	if last.Kind == reach.Foreign && len(p.Tenants) == 0 {
		f.Rule = outsideRight
	}
	for _, hop := range p.Hops {
		by := hop.Requests[0].By
		h := Hop{Text: hop.As.String() + " " + hop.Text, Object: by.Binding, Source: by.BindingSource}
		if by.Role.Kind != "" {
			h.Rule = by.Role.String()
		}
		f.Hops = append(f.Hops, h)
	}
	by := last.Requests[0].By
	f.Object, f.Source = by.Binding, by.BindingSource
	f.of = e.Get(f.Object)
	f.Message = fmt.Sprintf("%s of tenant %s: %s", first.As, p.Tenant, last.Text)
	if last.As != first.As {
		f.Message = fmt.Sprintf("%s of tenant %s: becomes %s, and then %s", first.As, p.Tenant, last.As, last.Text)
	}
	return f
}

package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/reach"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
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
	model := reach.Model{Snapshot: e.Snapshot, Planes: e.Planes, People: e.named(), Rights: e.rights}
	policies, err := admit.New(e.Snapshot, model.Rights)
	if err != nil {
		return nil, err
	}
	model.Admission = reach.ByPolicies(e.Snapshot, policies)
	network, err := e.network()
	if err == nil {
		model.Network = network
	} else if !errors.Is(err, netpol.ErrPlatform) { // where nothing evaluates policies, everything connects
		return nil, err
	}
	paths, reached, err := reach.Find(ctx, model)
	if err != nil {
		return nil, err
	}
	e.writers = e.newWriters(reached)
	about := map[object.ID][]int{}
	for i, f := range found {
		if f.Rule == "foreign-subject" || f.Rule == "broad-binding" || f.Rule == "cluster-binding" {
			about[f.Object] = append(about[f.Object], i)
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
		says := func(who reach.Identity) int {
			return slices.IndexFunc(about[f.Object], func(i int) bool { return found[i].says(p, who) })
		}
		last := len(p.Hops) - 1
		at := says(p.Hops[last].As)
		if at >= 0 && !slices.ContainsFunc(p.Who(), func(who reach.Identity) bool {
			return says(who) < 0 && (found[about[f.Object][at]].Severity > Note || !e.isProgram(p.Tenant, who))
		}) {
			if known := &found[about[f.Object][at]]; known.Path == nil {
				p.Hops = p.Hops[last:]
				known.Hops, known.Path = f.Hops[last:], &p
			}
			continue
		}
		more = append(more, f)
	}
	return more, nil
}

// says whether a finding about a binding says what a way does: that somebody whom it names
// has rights in namespaces.
func (f *Finding) says(p reach.Path, who reach.Identity) bool {
	last := p.Hops[len(p.Hops)-1]
	if last.Kind != reach.Foreign && last.Kind != reach.Cluster || last.Beyond {
		return false
	}
	if f.Rule == "broad-binding" {
		return p.Tenant == "" || len(f.Tenants) == 0 || slices.Contains(f.Tenants, p.Tenant)
	}
	return (p.Tenant == "" || slices.Contains(f.Tenants, p.Tenant)) && (f.about == who.String() || f.names(who))
}

// names says whether a finding is about a group of ServiceAccounts that somebody is in.
func (f *Finding) names(who reach.Identity) bool {
	group, is := strings.CutPrefix(f.about, "Group ")
	return is && who.Kind == rbacv1.ServiceAccountKind && (group == accountGroup || group == accountGroup+":"+who.Namespace)
}

// isProgram says whether somebody is one of the programs that a tenant's Istio is made of,
// which are one control plane: in releases of old, one of them has tokens of the others.
func (e *estate) isProgram(tenant string, who reach.Identity) bool {
	t := e.tenants[tenant]
	if t == nil || who.Kind != rbacv1.ServiceAccountKind || who.Namespace != t.ControlPlane {
		return false
	}
	return slices.ContainsFunc(e.planesOf[tenant], func(p snapshot.Plane) bool {
		version, err := semver.NewVersion(p.Version)
		return err == nil && slices.ContainsFunc(istio.Of(version), func(c istio.Component) bool { return slices.Contains(c.Accounts, who.Name) })
	})
}

// named are those whom the files of tenants name.
func (e *estate) named() map[string]reach.People {
	all := map[string]reach.People{}
	for _, c := range e.Configs {
		all[c.Name()] = reach.People{Admins: identities(c.Spec.Admins), Viewers: identities(c.Spec.Viewers)}
	}
	return all
}

func identities(subjects []v1alpha1.Subject) (all []reach.Identity) {
	for _, s := range subjects {
		all = append(all, reach.Identity{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name})
	}
	return all
}

func wayOf(e *estate, p reach.Path) Finding {
	first, last := p.Hops[0], p.Hops[len(p.Hops)-1]
	asked := last.Requests[len(last.Requests)-1]
	f := Finding{Rule: wayRules[last.Kind], Path: &p, Tenants: distinct(append([]string{p.Tenant}, p.Tenants...)), rights: last.Rights,
		about: fmt.Sprintf("%s %s %s", last.Kind, asked.Verb, asked.Resource+asked.Path)}
	if last.Kind == reach.Foreign && len(p.Tenants) == 0 {
		f.Rule = outsideRight
	}
	for _, hop := range p.Hops {
		by := hop.By()
		h := Hop{Text: hop.As.String() + " " + hop.Text, Object: by.Binding, Source: by.BindingSource}
		if by.Role.Kind != "" {
			h.Rule = by.Role.String()
		}
		f.Hops = append(f.Hops, h)
	}
	by := last.By()
	for i := len(p.Hops) - 1; i > 0 && by.BindingSource.File == ""; i-- { // nobody can change what every cluster has
		by = p.Hops[i-1].By()
	}
	f.Object, f.Source = by.Binding, by.BindingSource
	f.of = e.Get(f.Object)
	if f.of == nil && by.RoleSource.File != "" { // the role of a binding that every cluster has
		f.Source = by.RoleSource
		f.more = append(f.more, e.Get(by.Role))
	}
	who := []string{first.As.String()}
	for _, other := range p.Others {
		who = append(who, other.String())
	}
	f.rights = append(slices.Clone(f.rights), who...)
	f.Message = some(who) + " of tenant " + p.Tenant + ": "
	if p.Tenant == "" {
		f.Message = first.As.String() + ", which is everybody who sends no token: "
	}
	if last.As != first.As {
		f.Message += "becomes " + last.As.String() + ", and then "
	}
	f.Message += last.Text
	return f
}

package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Options say which overlays, and which cluster.
type Options struct {
	render.Options
	// Kubeconfig and Context are as kubectl has them; "" is its default.
	Kubeconfig, Context string
	// Timeout is how long the first answer may take; 0: half a minute.
	Timeout time.Duration
	// Bundle is a file to write what a support case needs to; "": none.
	Bundle string
	// Version is this program's, for the bundle.
	Version string
}

// firstAnswer is how long a server that nobody has heard of may take.
const firstAnswer = 30 * time.Second

const tenantLabel = v1alpha1.TenantLabel

// verifier is one run.
type verifier struct {
	client *client
	served *served
	report *Report

	configs []snapshot.Config
	planned *snapshot.Reading // as rendered
	owners  map[string]string // tenants, by namespace
	besides map[string]bool   // namespaces of control planes
	// rendered are the objects that overlays and common bases give.
	rendered []item
	known    map[object.ID]bool // their IDs; see isRendered
	// present are some rendered objects as the cluster has them, by their IDs.
	present sync.Map
	// labelled are the objects with a tenant's label that are found as drift.
	labelled sync.Map
	// blind says that not all could be read that the rules judge, and unjudged are objects that
	// only strangers looks at.
	blind    atomic.Bool
	unjudged []*snapshot.Object
}

// item is an object that an overlay gives.
type item struct {
	object map[string]any
	tenant string // or the common base's directory
}

// Run asks a cluster. An error is that nothing could be asked; what could not be asked of
// the rest is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Bundle != "" {
		if err := mustBeNew(o.Bundle); err != nil {
			return nil, err
		}
	}
	v := &verifier{owners: map[string]string{}, besides: map[string]bool{}, report: &Report{tenants: map[string]*Tenant{}}}
	if err := v.render(ctx, o.Options); err != nil {
		return nil, err
	}
	var err error
	if v.client, err = connect(o.Kubeconfig, o.Context); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	server, err := v.client.version(ctx, cmp.Or(o.Timeout, firstAnswer))
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	v.report.Context, v.report.Server = v.client.context, server.GitVersion
	if v.served, err = v.client.discover(ctx); err != nil {
		return nil, fmt.Errorf("verify: context %s: list the kinds of the cluster: %w", v.client.context, err)
	}
	v.missKinds()
	v.askRights(ctx)
	v.compare(ctx)
	v.unrendered(ctx)
	v.readiness(ctx)
	v.certificates(ctx)
	v.network(ctx)
	reading := v.readLive(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if !v.blind.Load() {
		v.report.Judged = check.Judge(ctx, reading)
		v.strangers(reading)
	}
	v.report.Requests = v.client.asked
	v.report.sort()
	if o.Bundle != "" {
		err = v.bundle(ctx, o, reading)
	}
	return v.report, errors.Join(err, ctx.Err())
}

// render reads what overlays and the common bases beside theirs give.
func (v *verifier) render(ctx context.Context, o render.Options) error {
	type given struct {
		render.Rendered
		texts []map[string]any
		err   error
	}
	var mu sync.Mutex
	var all []given
	err := render.Each(ctx, o, func(r render.Rendered) {
		g := given{Rendered: r}
		g.texts, g.err = objectsOf(r.Text)
		g.Text = nil // which is another overlay's after this
		mu.Lock()
		defer mu.Unlock()
		all = append(all, g)
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b given) int { return strings.Compare(a.Overlay, b.Overlay) })
	var texts [][]byte
	for _, g := range all {
		if g.err != nil {
			return fmt.Errorf("%s: %w", g.Overlay, g.err)
		}
		tenant := g.Overlay
		if len(g.Tenants) == 0 {
			v.report.Common = append(v.report.Common, Tenant{Name: g.Overlay})
			v.report.tenants[g.Overlay] = &Tenant{Name: g.Overlay}
		}
		for _, t := range g.Tenants {
			tenant = t.Name()
			v.configs = append(v.configs, snapshot.Config{Configured: t, Overlay: g.Overlay})
			if v.report.tenants[tenant] == nil {
				v.report.Tenants = append(v.report.Tenants, Tenant{Name: tenant})
				v.report.tenants[tenant] = &Tenant{Name: tenant}
			}
			for _, ns := range t.Namespaces() {
				v.owners[ns] = tenant
				v.besides[ns] = !slices.Contains(t.Spec.ApplicationNamespaces, ns)
			}
		}
		for _, o := range g.texts {
			of := cmp.Or(snapshot.Text(o, "metadata", "labels", tenantLabel), tenant)
			if v.report.tenants[of] == nil {
				of = tenant
			}
			v.rendered = append(v.rendered, item{o, of})
			texts = append(texts, marshal(o))
		}
	}
	if len(v.configs) == 0 {
		return errors.New("verify: no overlay has an IstioTenant among its transformers: must be overlays of tenants")
	}
	slices.SortStableFunc(v.configs, func(a, b snapshot.Config) int { return cmp.Compare(a.Name(), b.Name()) })
	v.planned, err = snapshot.OfCluster("rendered", texts, v.configs)
	return err
}

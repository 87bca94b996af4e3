package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/setting"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// claim is something that a tenant takes for itself.
type claim struct {
	what   string // "revision sales"
	tenant string
	o      *snapshot.Object // that says so, or nil
	config *snapshot.Config // whose field says so, or nil
	field  string
}

// where is how a message names what claims.
func (c claim) where() string {
	switch {
	case c.config != nil:
		return fmt.Sprintf("tenant %s (%s: %s)", c.tenant, c.config.File, c.field)
	case c.o != nil:
		return fmt.Sprintf("%s (%s)", called([]string{c.tenant}), c.o.ID)
	}
	return called([]string{c.tenant})
}

// shared adds a finding for each thing that two tenants claim.
func (r *report) shared(claims []claim, why string) {
	first := map[string][]claim{}
	for _, c := range claims {
		if !slices.ContainsFunc(first[c.what], func(known claim) bool { return known.tenant == c.tenant }) {
			first[c.what] = append(first[c.what], c)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(first)) {
		r.claimed(what, first[what], why)
	}
}

// claimed adds a finding about a thing that several claim.
func (r *report) claimed(what string, by []claim, why string) {
	if len(by) < 2 {
		return
	}
	var tenants, who []string
	for _, c := range by {
		tenants, who = append(tenants, c.tenant), append(who, c.where())
	}
	last := by[len(by)-1]
	f := r.add(last.o, what, tenants, "%s: is claimed by %s%s", what, some(who), why)
	for _, c := range by[:len(by)-1] {
		if c.o != nil {
			f.more = append(f.more, c.o)
		}
	}
	if last.config != nil {
		f.file, f.field, f.Source = last.config.File, last.field, snapshot.Source{File: last.config.File}
	}
}

// configs calls use for each tenant's file, but for those that have a tenant's
// applications alone.
func (e *estate) configs(use func(c *snapshot.Config)) {
	whole := map[string]bool{} // overlays
	for _, o := range e.Objects {
		if !isApart(o) {
			whole[o.Source.File] = true
		}
	}
	for i := range e.Configs {
		if c := &e.Configs[i]; whole[c.Overlay] {
			use(c)
		}
	}
}

func sharedTenant(e *estate, r *report) {
	of := map[string][]claim{}
	e.configs(func(c *snapshot.Config) {
		of[c.Name()] = append(of[c.Name()], claim{tenant: c.Name(), config: c, field: "metadata.name"})
	})
	for _, name := range slices.Sorted(maps.Keys(of)) {
		r.claimed("tenant "+name, of[name], ": change metadata.name in the copy")
	}
}

func sharedNamespace(e *estate, r *report) {
	var claims []claim
	configured := map[[2]string]bool{}
	e.configs(func(c *snapshot.Config) {
		add := func(ns, field string) {
			configured[[2]string{c.Name(), ns}] = true
			claims = append(claims, claim{what: "namespace " + ns, tenant: c.Name(), config: c, field: field})
		}
		if c.Spec.Mesh != v1alpha1.MeshShared {
			add(c.Spec.ControlPlane.Namespace, "spec.controlPlane.namespace")
		}
		for i, ns := range c.Spec.ApplicationNamespaces {
			add(ns, object.Index("spec.applicationNamespaces", i))
		}
	})
	for _, t := range e.Tenants {
		for _, ns := range t.Namespaces {
			if len(e.owners[ns]) > 1 && !configured[[2]string{t.Name, ns}] {
				claims = append(claims, claim{what: "namespace " + ns, tenant: t.Name, o: e.Get(object.ID{Kind: "Namespace", Name: ns})})
			}
		}
	}
	r.shared(claims, "")
}

func sharedRevision(e *estate, r *report) {
	var claims []claim
	e.configs(func(c *snapshot.Config) {
		if c.Spec.Mesh == v1alpha1.MeshShared {
			return
		}
		own := c.Spec.ControlPlane
		claims = append(claims, claim{what: "revision " + own.Revision, tenant: c.Name(), config: c, field: "spec.controlPlane.revision"})
		for i, revision := range own.Revisions {
			claims = append(claims, claim{what: "revision " + c.RevisionNamed(revision.Name), tenant: c.Name(), config: c,
				field: object.Index("spec.controlPlane.revisions", i) + ".name"})
		}
	})
	for _, p := range e.Planes {
		if tenant := e.tenantOf(p.Object); tenant != "" && p.Revision != "" && p.Revision != istio.DefaultRevision {
			claims = append(claims, claim{what: "revision " + p.Revision, tenant: tenant, o: p.Object})
		}
	}
	for _, o := range e.Of(admission, mutating) {
		if tag, tenant := o.Labels()[istio.TagLabel], e.tenantOf(o); tag != "" && tenant != "" {
			claims = append(claims, claim{what: "revision " + tag, tenant: tenant, o: o})
		}
	}
	r.shared(claims, ": each of the two control planes would serve the other's Pods")
}

const (
	admission  = "admissionregistration.k8s.io"
	mutating   = "MutatingWebhookConfiguration"
	validating = "ValidatingWebhookConfiguration"
)

func isWebhook(id object.ID) bool {
	return id.Group == admission && (id.Kind == mutating || id.Kind == validating)
}

// sharedObjects are those of one ID that two tenants have, and that of is true for.
func (e *estate) sharedObjects(r *report, of func(id object.ID) bool) {
	tenants := map[object.ID][]claim{}
	for _, o := range e.Objects {
		if !of(o.ID) || o.ID.Kind == "Namespace" && o.ID.Group == "" || len(e.owners[o.ID.Namespace]) > 1 {
			continue // of which there is a finding
		}
		known := tenants[o.ID]
		tenant := e.tenantOf(o)
		if tenant != "" && !slices.ContainsFunc(known, func(c claim) bool { return c.tenant == tenant }) {
			tenants[o.ID] = append(known, claim{tenant: tenant, o: o})
		}
	}
	for _, o := range e.Objects {
		if by := tenants[o.ID]; len(by) > 1 {
			r.claimed(o.ID.String(), by, ": the one that is applied last replaces the other")
			delete(tenants, o.ID)
		}
	}
}

func sharedWebhook(e *estate, r *report) { e.sharedObjects(r, isWebhook) }

func sharedObject(e *estate, r *report) {
	e.sharedObjects(r, func(id object.ID) bool { return !isWebhook(id) })
}

// defaultTrustDomain is that of a mesh that states none. Source: istio/istio,
// pkg/config/constants.
const defaultTrustDomain = "cluster.local"

func sharedTrustDomain(e *estate, r *report) {
	var claims []claim
	e.configs(func(c *snapshot.Config) {
		if c.Spec.Mesh != v1alpha1.MeshShared {
			claims = append(claims, claim{what: "trust domain " + c.Spec.ControlPlane.TrustDomain, tenant: c.Name(), config: c, field: "spec.controlPlane.trustDomain"})
		}
	})
	for _, p := range e.Planes {
		tenant := e.tenantOf(p.Object)
		if tenant == "" {
			continue
		}
		for _, mesh := range e.meshes(p) {
			domain := snapshot.Text(mesh.fields, "trustDomain")
			if domain == "" && atLeast(p, "1.5") {
				domain = defaultTrustDomain
			}
			if domain != "" {
				claims = append(claims, claim{what: "trust domain " + domain, tenant: tenant, o: mesh.o})
			}
		}
	}
	r.shared(claims, ": identities of the two meshes can have the same name")
}

// atLeast says whether a control plane is of a version or a later one; one whose version
// cannot be told is.
func atLeast(p snapshot.Plane, version string) bool {
	own, err := semver.NewVersion(p.Version)
	least, wrong := semver.NewVersion(version)
	return err != nil || wrong != nil || !own.LessThan(least)
}

// defaultAudience is what a control plane takes that names no audience. Source:
// istio/istio, security/pkg/nodeagent/util, since 1.6.
const defaultAudience = "istio-ca"

func sharedAudience(e *estate, r *report) {
	var claims []claim
	for _, p := range e.Planes {
		tenant, audiences := e.tenantOf(p.Object), p.Audiences
		if len(audiences) == 0 && atLeast(p, "1.6") && e.unknown[p.Object].Of(setting.AudienceVariable(p.Version)) == "" {
			audiences = []string{defaultAudience}
		}
		for _, audience := range audiences {
			if tenant != "" {
				claims = append(claims, claim{what: "token audience " + audience, tenant: tenant, o: p.Object})
			}
		}
	}
	r.shared(claims, ": a token for one mesh is valid in the other, too")
	for i := range r.findings {
		f := &r.findings[i]
		audience := strings.TrimPrefix(f.about, "token audience ")
		if !slices.ContainsFunc(f.Tenants, func(name string) bool {
			return !slices.Contains(e.tenants[name].spec().ControlPlane.ExtraTokenAudiences, audience)
		}) {
			f.asked("spec.controlPlane.extraTokenAudiences of each tenant")
		}
	}
	e.unknownAudiences(r)
}

func sharedRoot(e *estate, r *report) {
	var claims []claim
	for _, root := range e.Roots {
		claims = append(claims, claim{what: root.What, tenant: root.Tenant, o: root.Object})
	}
	r.shared(claims, ": each of the two meshes accepts the other's certificates")
}

func sharedNodePort(e *estate, r *report) {
	var claims []claim
	for _, o := range e.Of("", "Service") {
		for _, port := range snapshot.List(o.Content, "spec", "ports") {
			number, _ := snapshot.Field(port, "nodePort").(int64)
			if tenant := e.tenantOf(o); number != 0 && tenant != "" {
				protocol := snapshot.Text(port, "protocol")
				if protocol == "" {
					protocol = "TCP"
				}
				claims = append(claims, claim{what: fmt.Sprintf("node port %d/%s", number, protocol), tenant: tenant, o: o})
			}
		}
	}
	r.shared(claims, ": the API server refuses the second")
}

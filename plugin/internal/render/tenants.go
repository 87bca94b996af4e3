package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
)

// readTenants returns the tenants among an overlay's transformers, wherever they stand,
// and the files of those that have a regular one to themselves. What is no tenant, or no
// good one, the build will say.
func readTenants(dir string, transformers []string) (tenants []v1alpha1.IstioTenant, files [][]byte) {
	for _, entry := range transformers {
		if text, err := readConfiguration(filepath.Join(dir, entry)); err == nil {
			if tenant, err := v1alpha1.DecodeTenant(text); err == nil {
				tenants, files = append(tenants, tenant), append(files, text)
				continue
			}
		}
		for _, config := range build.Configurations(dir, entry) {
			if tenant, err := v1alpha1.DecodeTenant(config); err == nil {
				tenants = append(tenants, tenant)
			}
		}
	}
	return tenants, files
}

// tenantNames are the tenants that the objects in text belong to, by the label that
// every object of a tenant has among those of its metadata.
func tenantNames(text []byte) map[string]bool {
	found := map[string]bool{}
	label := []byte("\n    " + v1alpha1.TenantLabel + ": ")
	for {
		_, rest, more := bytes.Cut(text, label)
		if !more {
			return found
		}
		value, _, _ := bytes.Cut(rest, []byte("\n"))
		found[string(value)] = true
		text = rest
	}
}

// claim is what one tenant takes of a cluster.
type claim struct {
	Name, Revision, Namespace string
	TrustDomain               string
	Applications              []string
	// Revisions are the names of several control planes.
	Revisions []v1alpha1.Revision
	// Mesh says whether what is of the control plane is the tenant's.
	Mesh   v1alpha1.Mesh
	Listed string // the entry of resources that leads to the tenant; "": the overlay lays it itself
	// Apart says that these are the tenant's applications, without its control plane.
	Apart bool
	// Spec is the tenant's, as JSON.
	Spec string
}

func claimsOf(tenants []v1alpha1.IstioTenant, apart bool) []claim {
	var claims []claim
	for _, t := range tenants {
		own := t.Spec.ControlPlane
		c := claim{Name: t.Name(), Revision: own.Revision, Revisions: own.Revisions, Namespace: own.Namespace, TrustDomain: own.TrustDomain,
			Applications: t.Spec.ApplicationNamespaces, Mesh: t.Spec.Mesh, Apart: apart}
		if spec, err := json.Marshal(t.Spec); err == nil {
			c.Spec = string(spec)
		}
		claims = append(claims, c)
	}
	return claims
}

// names are all that two tenants can both have.
func (c claim) names() []string {
	if c.Mesh == v1alpha1.MeshShared {
		return append([]string{c.Name}, c.Applications...)
	}
	names := append([]string{c.Name, c.Revision, c.Namespace, c.Revision + "-" + c.Namespace, c.TrustDomain}, c.Applications...)
	for _, r := range c.Revisions {
		revision := c.tenant().RevisionNamed(r.Name)
		names = append(names, revision, revision+"-"+c.Namespace)
	}
	return names
}

// has says whether two tenants could both have one of these names.
func (c claim) has(taken map[string]bool) bool {
	return slices.ContainsFunc(c.names(), func(name string) bool { return taken[name] })
}

func (c claim) tenant() v1alpha1.IstioTenant {
	var t v1alpha1.IstioTenant
	t.Metadata.Name, t.Spec.Mesh = c.Name, c.Mesh
	t.Spec.ControlPlane.Revision, t.Spec.ControlPlane.Namespace = c.Revision, c.Namespace
	t.Spec.ControlPlane.Revisions = c.Revisions
	t.Spec.ControlPlane.TrustDomain = c.TrustDomain
	t.Spec.ApplicationNamespaces = c.Applications
	return t
}

// collides is what the claim is to others, where it is made by an overlay.
func (c claim) collides(overlay string) []collision.Claim {
	if c.Listed != "" {
		return collision.OfListed(overlay, c.Listed, c.tenant())
	}
	if c.Apart {
		return collision.OfApplications(overlay, c.tenant())
	}
	return collision.OfTenant(overlay, c.tenant())
}

func (r *run) claim(overlay string, claims []claim) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claims[overlay] = claims
}

// withoutCollisions leaves out the jobs of tenants that would take what another
// has: which of two that are both new may keep it, nobody here knows.
func (r *run) withoutCollisions(overlays []overlay, jobs []*job) []*job {
	pending := map[string]bool{}
	taken := map[string]bool{} // by what is pending: nothing else can be new
	for _, j := range jobs {
		pending[j.name] = true
		for _, c := range j.claims {
			for _, name := range c.names() {
				taken[name] = true
			}
		}
	}
	var claimed []collision.Claim
	names := map[string]string{} // of overlays, by directory as it was given
	all := slices.Concat(overlays, r.others(overlays, taken))
	for _, o := range all {
		for _, c := range r.claims[o.name] {
			if pending[o.name] || c.has(taken) {
				names[o.called()] = o.name
				claimed = append(claimed, c.collides(o.called())...)
			}
		}
	}
	refused := map[string]error{}
	for _, c := range collision.Find(claimed) {
		first, second := names[c.Files[0]], names[c.Files[1]]
		if r.Output == "" && !(pending[first] && pending[second]) {
			c.Err = fmt.Errorf("%w%s", c.Err, notBeside)
		}
		refused[second] = errors.Join(refused[second], c.Err)
		if pending[first] {
			refused[first] = errors.Join(refused[first], c.Err)
		}
	}
	for name, err := range r.differing(all, pending) {
		refused[name] = errors.Join(refused[name], err)
	}
	for _, o := range overlays {
		switch err := refused[o.name]; {
		case err == nil:
		case pending[o.name]:
			r.finish(o.name, err)
		default:
			r.errs[o.name] = err // and its old output stays
		}
	}
	return slices.DeleteFunc(jobs, func(j *job) bool { return refused[j.name] != nil })
}

// others are the overlays that earlier runs rendered to the same directory, if
// they are there still, and have any of the names that are taken; of a run that
// prints, they are its siblings.
func (r *run) others(overlays []overlay, taken map[string]bool) []overlay {
	if r.Output == "" {
		return r.siblings(overlays, taken)
	}
	present := map[string]bool{}
	for _, o := range overlays {
		present[o.name] = true
	}
	var found []overlay
	for _, name := range slices.Sorted(maps.Keys(r.cache.old)) {
		e := r.cache.old[name]
		if present[name] || !slices.ContainsFunc(e.Claims, func(c claim) bool { return c.has(taken) }) || isGone(e.Overlay) {
			continue
		}
		if from, _ := r.output.source(name); from == e.Overlay {
			r.claims[name] = e.Claims
			found = append(found, overlay{name: name, arg: e.Overlay, dir: e.Overlay})
		}
	}
	return found
}

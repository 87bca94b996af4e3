package render

import (
	"errors"
	"path/filepath"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/collision"
)

// readTenants returns the tenants among an overlay's transformers, and their
// files. What is no tenant, or no good one, the build will say.
func readTenants(dir string, transformers []string) (tenants []v1alpha1.IstioTenant, files [][]byte) {
	for _, name := range transformers {
		text, err := readRegular(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		tenant, err := v1alpha1.DecodeTenant(text)
		if err != nil {
			continue
		}
		tenants, files = append(tenants, tenant), append(files, text)
	}
	return tenants, files
}

// claims are tenants without what they do not claim.
func claims(tenants []v1alpha1.IstioTenant) []v1alpha1.IstioTenant {
	var small []v1alpha1.IstioTenant
	for _, tenant := range tenants {
		var c v1alpha1.IstioTenant
		c.Metadata.Name = tenant.Name()
		c.Spec.ControlPlane.Namespace = tenant.Spec.ControlPlane.Namespace
		c.Spec.ControlPlane.Revision = tenant.Spec.ControlPlane.Revision
		c.Spec.ApplicationNamespaces = tenant.Spec.ApplicationNamespaces
		small = append(small, c)
	}
	return small
}

func (r *run) claim(overlay string, tenants []v1alpha1.IstioTenant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owned[overlay] = tenants
}

// withoutCollisions leaves out the jobs of tenants that would take what another
// has: which of two that are both new may keep it, nobody here knows.
func (r *run) withoutCollisions(overlays []overlay, jobs []*job) []*job {
	var claimed []collision.Claim
	names := map[string]string{} // of overlays, by directory as it was given
	for _, o := range overlays {
		names[o.arg] = o.name
		for _, tenant := range r.owned[o.name] {
			claimed = append(claimed, collision.OfTenant(o.arg, tenant)...)
		}
	}
	pending := map[string]bool{}
	for _, j := range jobs {
		pending[j.name] = true
	}
	refused := map[string]error{}
	for _, c := range collision.Find(claimed) {
		first, second := names[c.Files[0]], names[c.Files[1]]
		refused[second] = errors.Join(refused[second], c.Err)
		if pending[first] {
			refused[first] = errors.Join(refused[first], c.Err)
		}
	}
	for name, err := range refused {
		if pending[name] {
			r.finish(name, err)
		} else {
			r.errs[name] = err // and its old output stays
		}
	}
	return slices.DeleteFunc(jobs, func(j *job) bool { return refused[j.name] != nil })
}

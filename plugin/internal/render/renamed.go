package render

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// withoutRenamed leaves out the jobs of tenants whose old output is there under
// another name, since their overlay's directory was renamed. Two outputs of one
// tenant are refused as two overlays of one are: a cluster that applies both would
// lose the tenant's live objects when the old one goes. Who prunes has decided.
func (r *run) withoutRenamed(overlays []overlay, old orphans, jobs []*job) []*job {
	if r.Prune {
		return jobs
	}
	refused := map[string]bool{}
	for _, name := range old.gone {
		from, _ := r.output.source(name)
		again := r.again(overlays, name)
		for _, tenant := range slices.Sorted(maps.Keys(again)) {
			now := again[tenant]
			err := fmt.Errorf("tenant %s: has an output of another name, %s, whose overlay %s is gone: must have one output: %sgive this directory its old "+
				"name; or render with --prune, which removes the old output: a GitOps tool may then delete what it has deployed from there; see %s",
				tenant, filepath.Join(r.Output, name), from, r.takeAlong(name, now.name), pageOfRenaming)
			r.errs[now.name] = errors.Join(r.errs[now.name], err)
			refused[now.name] = true
		}
	}
	return slices.DeleteFunc(jobs, func(j *job) bool {
		if refused[j.name] {
			r.finish(j.name, r.errs[j.name])
		}
		return refused[j.name]
	})
}

// pageOfRenaming says how an overlay gets another name.
const pageOfRenaming = "https://github.com/istio-tenancy/istio-tenancy/blob/main/docs/operations.md#rename-an-overlay"

// takeAlong says how the output gets the new name of its overlay, if the name is free.
func (r *run) takeAlong(from, to string) string {
	from, to = filepath.Join(r.Output, from), filepath.Join(r.Output, to)
	if _, err := os.Lstat(to); err == nil {
		return ""
	}
	return fmt.Sprintf("rename %s to %s too, and render with --adopt; or ", from, to)
}

// again are the overlays, by tenant, that lay a tenant of whom there is an output of
// another name.
func (r *run) again(overlays []overlay, output string) map[string]overlay {
	found := map[string]overlay{}
	tenants := r.output.tenants(output)
	for _, o := range overlays {
		for _, c := range r.claims[o.name] {
			if tenants[c.Name] {
				found[c.Name] = o
			}
		}
	}
	return found
}

// stay are the namespaces that the tenants of an output have in overlays of this run.
func (r *run) stay(overlays []overlay, output string) map[string]bool {
	found := map[string]bool{}
	tenants := r.output.tenants(output)
	for _, o := range overlays {
		for _, c := range r.claims[o.name] {
			if !tenants[c.Name] {
				continue
			}
			for _, namespace := range c.Applications {
				found[namespace] = true
			}
			if !c.Apart {
				found[c.Namespace] = true
			}
		}
	}
	return found
}

// moves says, of an output that is to go, where its tenants are rendered to now;
// !ok: not all are, as an overlay has a mistake.
func (r *run) moves(overlays []overlay, output string) (ok bool) {
	again := r.again(overlays, output)
	for _, tenant := range slices.Sorted(maps.Keys(again)) {
		now := again[tenant]
		if r.errs[now.name] != nil {
			r.Warn(fmt.Sprintf("%s: stays until %s, which has tenant %s now, is without mistakes", filepath.Join(r.Output, output), now.arg, tenant))
			return false
		}
		r.Warn(fmt.Sprintf("%s: tenant %s is rendered to %s from now on: a GitOps tool may delete the live objects that it has deployed from the old "+
			"output: make it keep them until it uses the new one; see %s", filepath.Join(r.Output, output), tenant, filepath.Join(r.Output, now.name), pageOfRenaming))
	}
	return true
}

// tenants are those that an output of ours has objects of.
func (o output) tenants(name string) map[string]bool {
	found := map[string]bool{}
	for _, file := range o.listed(name) {
		if text, err := readRegular(filepath.Join(o.dir, name, file)); err == nil {
			maps.Copy(found, tenantNames(text))
		}
	}
	return found
}

package render

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// errWaits says that an overlay is built, and not written before all others are built.
var errWaits = errors.New("waits for the roots of other meshes")

// rootsIn are the roots of the meshes that an output has; few have any.
func rootsIn(text []byte) []collision.Root {
	if !collision.MayHaveRoots(text) {
		return nil
	}
	objects, err := strictyaml.Objects(text)
	if err != nil {
		return nil // which the build has printed, and reads
	}
	return collision.RootsOf(objects)
}

func (r *run) waits(j *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wait = append(r.wait, j)
}

func (r *run) hasRoots(overlay string, roots []collision.Root) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roots[overlay] = roots
}

// withRoots writes the overlays that wait, but for those that have a root of another
// tenant's mesh. Roots show in what is built, and not before, unlike what
// withoutCollisions finds.
func (r *run) withRoots(ctx context.Context, overlays []overlay) {
	if len(r.wait) == 0 || ctx.Err() != nil {
		return
	}
	slices.SortFunc(r.wait, func(a, b *job) int { return strings.Compare(a.name, b.name) })
	names, called, present := map[string]string{}, map[string]string{}, map[string]bool{}
	for _, o := range overlays {
		called[o.name], present[o.name] = o.called(), true
	}
	for name, e := range r.cache.old { // of what was rendered before, and is not now
		if from, _ := r.output.source(name); !present[name] && len(e.Roots) > 0 && from == e.Overlay && !isGone(e.Overlay) {
			r.roots[name], called[name] = e.Roots, e.Overlay
		}
	}
	for _, j := range r.wait {
		r.roots[j.name] = j.roots
	}
	var claims []collision.Claim
	for _, name := range slices.Sorted(maps.Keys(r.roots)) {
		names[called[name]] = name
		claims = append(claims, collision.OfRoots(called[name], r.roots[name])...)
	}
	refused := map[string]error{}
	for _, c := range collision.Find(claims) {
		first, second := names[c.Files[0]], names[c.Files[1]]
		refused[second] = errors.Join(refused[second], c.Err)
		if refused[first] == nil { // and not once more for each tenant over one base
			refused[first] = c.Err
		}
	}
	for _, j := range r.wait {
		err := refused[j.name]
		if err == nil {
			err = r.write(j, r.printed(ctx, j.overlay, j))
		}
		delete(refused, j.name)
		r.finish(j.name, err)
	}
	for name, err := range refused {
		if present[name] {
			r.errs[name] = err // and its old output stays
		}
	}
}

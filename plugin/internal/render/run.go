package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
)

// run is one run.
type run struct {
	Options
	Summary
	planner
	output output

	buffers sync.Pool // of []byte
	lister  lister

	mu     sync.Mutex
	done   int
	roots  map[string][]collision.Root // by overlay that is not to be rendered
	wait   []*job                      // that have roots of a mesh
	claims map[string][]claim          // by overlay
	errs   map[string]error            // by overlay
	diffs  map[string][]byte           // by overlay
	notes  map[string][]string         // the overlays, by note

	reasons map[string][]string // the overlays that kustomize built, by why
}

func (r *run) render(ctx context.Context, overlays []overlay) error {
	present := map[string]bool{}
	for _, o := range overlays {
		present[o.name] = true
	}
	var old orphans
	if r.Output != "" {
		var err error
		if old, err = r.output.orphans(present); err != nil {
			return err
		}
	}
	jobs := r.withoutRenamed(overlays, old, r.withoutCollisions(overlays, r.pending(ctx, overlays)))
	if err := r.plan(ctx, jobs); err != nil {
		return err
	}
	jobs = r.withoutDoubles(ctx, overlays, jobs)
	workers.OnAllCores(len(jobs), func(i int) {
		if ctx.Err() == nil {
			if err := r.do(ctx, jobs[i]); !isInterruption(err) && !errors.Is(err, errWaits) {
				r.finish(jobs[i].name, err)
			}
		}
		if r.Output != "" {
			jobs[i] = nil
		}
	})
	r.withRoots(ctx, overlays)
	r.warn()
	if r.done < len(overlays) {
		return errors.Join(r.interrupted(), r.save(present))
	}
	errs := []error{r.prune(overlays, old)}
	for _, o := range overlays {
		if err := r.errs[o.name]; err != nil {
			r.Failed++
			for line := range strings.Lines(err.Error()) {
				errs = append(errs, fmt.Errorf("%s: %s", o.arg, strings.TrimSpace(line)))
			}
		}
	}
	if len(jobs)+r.Removed > 0 {
		errs = append(errs, r.save(present))
	}
	for _, name := range slices.Sorted(maps.Keys(r.diffs)) {
		errs = append(errs, r.print(r.diffs[name]))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if r.Output == "" {
		err := r.stream(jobs)
		r.cutShort = err != nil
		return err
	}
	if r.Check && len(r.Differences) > 0 {
		return fmt.Errorf("%s: %w: %s", r.Output, ErrStale, r.Named())
	}
	return nil
}

// save remembers, for the next run, what this one did.
func (r *run) save(present map[string]bool) error {
	if r.readOnly() {
		return nil
	}
	return r.cache.save(present)
}

func (r *run) print(text []byte) error {
	_, err := r.Out.Write(text)
	return err
}

// stream prints all overlays, now that none of them failed. What is filled in
// is filled in again, rather than kept.
func (r *run) stream(jobs []*job) error {
	var buffer []byte
	for i, j := range jobs {
		text := buffer[:0]
		if j.template != nil {
			text = j.template.Fill(text, j.names)
			buffer = text
		} else {
			text = j.built.YAML
		}
		if i > 0 {
			if err := r.print([]byte("---\n")); err != nil {
				return err
			}
		}
		if err := r.print(text); err != nil {
			return err
		}
	}
	return nil
}

// pending returns the overlays whose output may have to change.
func (r *run) pending(ctx context.Context, overlays []overlay) []*job {
	jobs := make([]*job, len(overlays))
	workers.OnAllCores(len(overlays), func(i int) {
		o := overlays[i]
		if ctx.Err() != nil {
			return
		}
		if o.err != nil {
			r.finish(o.name, o.err)
			return
		}
		if r.Output != "" && !r.Verify && r.output.unfinished[o.name] == nil {
			if e, ok := r.cache.isCurrent(o, r.Split, r.Output, r.digests); ok {
				r.cache.record(o.name, e, nil)
				r.count(e.Objects, e.Tenants)
				r.claim(o.name, e.Claims)
				r.hasRoots(o.name, e.Roots)
				r.finish(o.name, nil)
				return
			}
		}
		jobs[i] = &job{overlay: o}
		jobs[i].classify(&r.lister)
		r.claim(o.name, jobs[i].claims)
	})
	return slices.DeleteFunc(jobs, func(j *job) bool { return j == nil })
}

// finish says that an overlay is done.
func (r *run) finish(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.errs[name] = err
	}
	r.done++
	if r.Progress != nil {
		r.Progress(r.done, r.Summary.Overlays)
	}
}

func (r *run) count(objects, tenants int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Objects += objects
	r.Tenants += tenants
}

// do renders one overlay.
func (r *run) do(ctx context.Context, j *job) error {
	buffer, _ := r.buffers.Get().([]byte)
	text, err := r.text(ctx, j, buffer[:0])
	if err != nil {
		return err
	}
	if j.template != nil {
		defer r.buffers.Put(text)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("renders no objects, and applying an empty output may delete what is deployed: must have at least one")
	}
	if err := checkLaid(j.dir, text); err != nil {
		return err
	}
	if j.roots = rootsIn(text); len(j.roots) > 0 {
		r.waits(j)
		return errWaits
	}
	return r.write(j, text)
}

// write is what do does with an overlay's output.
func (r *run) write(j *job, text []byte) error {
	objects := 1 + bytes.Count(text, []byte("\n---\n"))
	tenants := 1 // a template has one
	if j.template == nil {
		tenants = len(tenantNames(text))
	}
	r.count(objects, tenants)
	if r.Output == "" {
		return nil
	}
	files, err := r.output.files(j.dir, j.name, text)
	if err != nil {
		return err
	}
	r.tell(j, files)
	changes, err := r.output.changes(j.dir, j.name, files)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		r.revoke(j, files, changes)
		if err := r.change(j.name, changes, len(files)); err != nil {
			return err
		}
	}
	if r.readOnly() {
		return nil
	}
	inputs, digest := r.inputs(j)
	if inputs == nil {
		return nil
	}
	written, err := r.output.state(j.name, files)
	if err != nil {
		return err
	}
	e := entry{Overlay: j.dir, Digest: digest, Split: r.Split, Objects: objects, Tenants: tenants, Claims: j.claims, Roots: j.roots, Files: written}
	if seen := stamps(j.dir, inputs); r.digests.of(j.dir, inputs) == digest {
		e.Stamps = seen // of what was read, and of nothing later
		e.Outside = r.digests.outside(j.dir, inputs)
	}
	r.cache.record(j.name, e, inputs)
	return nil
}

// text is an overlay's output: filled into buffer, or built.
func (r *run) text(ctx context.Context, j *job, buffer []byte) ([]byte, error) {
	if j.template == nil || r.Verify {
		if j.built == nil {
			result, err := r.builder.Build(ctx, build.Request{Dir: j.dir, Within: j.within})
			if err != nil {
				return nil, err
			}
			j.built = &result
		}
	}
	if j.template == nil {
		r.tally(&r.Built)
		r.reason(j)
		r.note(j, j.built.Stderr)
		return j.built.YAML, nil
	}
	r.tally(&r.Filled)
	r.note(j, j.template.FillNotes(j.names))
	text := j.template.Fill(buffer, j.names)
	if r.Verify && !bytes.Equal(text, j.built.YAML) {
		return nil, errors.New("is not what kustomize builds; please report it")
	}
	return text, nil
}

func (r *run) tally(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

// change makes, or shows, the changes of one overlay, which has a number of files.
func (r *run) change(name string, changes []change, files int) error {
	if !r.readOnly() {
		if err := r.output.apply(name, changes); err != nil {
			return err
		}
	}
	what := changed
	if len(changes) == files && !slices.ContainsFunc(changes, func(c change) bool { return c.old != nil }) {
		what = added
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.differs(name, what)
	if r.Diff {
		r.diffs[name] = r.output.unified(name, changes)
	}
	return nil
}

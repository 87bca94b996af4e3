package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
)

// run is one run.
type run struct {
	Options
	Summary
	planner
	output output

	buffers sync.Pool // of []byte

	mu     sync.Mutex
	done   int
	claims map[string][]claim  // by overlay
	errs   map[string]error    // by overlay
	diffs  map[string][]byte   // by overlay
	notes  map[string][]string // the overlays, by note

	reasons map[string][]string // the overlays that kustomize built, by why
}

func (r *run) render(ctx context.Context, overlays []overlay) error {
	jobs := r.withoutCollisions(overlays, r.pending(ctx, overlays))
	if err := r.plan(ctx, jobs); err != nil {
		return err
	}
	workers(len(jobs), func(i int) {
		if ctx.Err() == nil {
			r.finish(jobs[i].name, r.do(ctx, jobs[i]))
		}
		if r.Output != "" {
			jobs[i] = nil
		}
	})
	r.warn()
	present := map[string]bool{}
	for _, o := range overlays {
		present[o.name] = true
	}
	errs := []error{interrupted(ctx), r.orphans(present)}
	for _, o := range overlays {
		if err := r.errs[o.name]; err != nil {
			r.Failed++
			for line := range strings.Lines(err.Error()) {
				errs = append(errs, fmt.Errorf("%s: %s", o.arg, strings.TrimSpace(line)))
			}
		}
	}
	if !r.readOnly() && len(jobs)+r.Removed > 0 {
		errs = append(errs, r.cache.save(present))
	}
	if r.Diff {
		for _, o := range overlays {
			errs = append(errs, r.print(r.diffs[o.name]))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if r.Output == "" {
		return r.stream(jobs)
	}
	if r.Check && r.Changed+r.Removed > 0 {
		return fmt.Errorf("%s: %w: %d of %d overlays differ", r.Output, ErrStale, r.Changed+r.Removed, len(overlays))
	}
	return nil
}

// interrupted is an error if somebody stopped the run.
func interrupted(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return errors.New("interrupted: what is rendered so far stays, and the next run does the rest")
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
		if j.form != nil {
			text = j.form.Fill(text, j.names)
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

// workers calls do for 0 to n-1 on all cores.
func workers(n int, do func(i int)) {
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}

// pending returns the overlays whose output may have to change.
func (r *run) pending(ctx context.Context, overlays []overlay) []*job {
	jobs := make([]*job, len(overlays))
	workers(len(overlays), func(i int) {
		o := overlays[i]
		if ctx.Err() != nil {
			return
		}
		if r.Output != "" && !r.Verify {
			if e, ok := r.cache.isCurrent(o, r.Split, r.Output, r.digests); ok {
				r.cache.record(o.name, e, nil)
				r.count(e.Objects)
				r.claim(o.name, e.Claims)
				r.finish(o.name, nil)
				return
			}
		}
		jobs[i] = &job{overlay: o}
		jobs[i].classify()
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
		r.Progress(r.done, r.Tenants)
	}
}

func (r *run) count(objects int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Objects += objects
}

// do renders one overlay.
func (r *run) do(ctx context.Context, j *job) error {
	buffer, _ := r.buffers.Get().([]byte)
	text, err := r.text(ctx, j, buffer[:0])
	if err != nil {
		return err
	}
	if j.form != nil {
		defer r.buffers.Put(text)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("renders to nothing, and who applies nothing deletes what is there: must hold an object")
	}
	objects := 1 + bytes.Count(text, []byte("\n---\n"))
	r.count(objects)
	if r.Output == "" {
		return nil
	}
	files, err := r.output.files(j.dir, j.name, text)
	if err != nil {
		return err
	}
	changes, err := r.output.changes(j.name, files)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		if err := r.change(j.name, changes); err != nil {
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
	e := entry{Overlay: j.dir, Digest: digest, Split: r.Split, Objects: objects, Claims: j.claims, Files: written}
	if seen := stamps(j.dir, inputs); r.digests.of(j.dir, inputs) == digest {
		e.Stamps = seen // of what was read, and of nothing later
		e.Outside = r.digests.outside(j.dir, inputs)
	}
	r.cache.record(j.name, e, inputs)
	return nil
}

// text is an overlay's output: filled into buffer, or built.
func (r *run) text(ctx context.Context, j *job, buffer []byte) ([]byte, error) {
	if j.form == nil || r.Verify {
		if j.built == nil {
			result, err := r.builder.Build(ctx, build.Request{Dir: j.dir})
			if err != nil {
				return nil, err
			}
			j.built = &result
		}
	}
	if j.form == nil {
		r.tally(&r.Built)
		r.reason(j)
		r.note(j, j.built.Stderr)
		return j.built.YAML, nil
	}
	r.tally(&r.Filled)
	r.note(j, j.form.FillNotes(j.names))
	text := j.form.Fill(buffer, j.names)
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

// change makes, or shows, the changes of one overlay.
func (r *run) change(name string, changes []change) error {
	r.tally(&r.Changed)
	if r.Diff {
		text := r.output.unified(name, changes)
		r.mu.Lock()
		r.diffs[name] = text
		r.mu.Unlock()
	}
	if r.readOnly() {
		return nil
	}
	return r.output.apply(name, changes)
}

// inputs are what an overlay's output was made of; nil, if that cannot be told.
func (r *run) inputs(j *job) ([]string, string) {
	switch {
	case j.form != nil:
		return j.files, r.digests.with(j.dir, j.files, j.read)
	case j.built.Opaque != "":
		return nil, ""
	}
	read := map[string]string{}
	for _, i := range j.built.Inputs {
		read[i.Path] = i.Digest
	}
	return paths(j.built.Inputs), r.digests.with(j.dir, paths(j.built.Inputs), read)
}

// orphans deals with the output of overlays that are gone.
func (r *run) orphans(present map[string]bool) error {
	if r.Output == "" {
		return nil
	}
	names, err := r.output.orphans(present)
	for _, name := range names {
		switch {
		case !r.Prune:
			r.Warn(fmt.Sprintf("%s: its overlay is gone; --prune removes it", filepath.Join(r.Output, name)))
			continue
		case !r.readOnly():
			err = errors.Join(err, r.output.remove(name))
			r.cache.forget(name)
		}
		r.Removed++
	}
	return err
}

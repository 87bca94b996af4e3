package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/commonbase"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/template"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
)

// Rendered is what one overlay gives.
type Rendered struct {
	// Overlay is the directory, as it was given.
	Overlay string
	// Tenants are the tenants of the overlay.
	Tenants []Configured
	// Listed are those of kustomizations that it lists, however far below.
	Listed []Configured
	// Common says that it is a common base, beside what the overlays list.
	Common bool
	// Text is what would be applied. Its memory is used for another overlay after the
	// call.
	Text []byte
	// Shape is the template that gave Text; nil: the overlay was built.
	Shape *Shape
}

// Shape gives the text of all overlays that differ in their names only. Two overlays have
// one shape if their templates are equal.
type Shape struct {
	// Template identifies the shape.
	Template *template.Template
	// Names are those of this overlay.
	Names []string
}

// Fill is the text that an overlay with other names would have: words that YAML writes as
// they are.
func (s *Shape) Fill(names []string) []byte { return s.Template.Fill(nil, names) }

// Configured is a tenant, and the file that configures it.
type Configured struct {
	v1alpha1.IstioTenant
	File string
}

// Each calls use with what each overlay gives, from several goroutines at once, and
// writes nothing. The common bases beside the bases of the overlays come last, and each
// of them once. What two tenants both have is no error here. The error has a line for
// each mistake in each overlay; the others are handed over all the same.
func Each(ctx context.Context, o Options, use func(Rendered)) error {
	o.Output, o.Out = "", io.Discard
	o, err := o.complete()
	if err != nil {
		return err
	}
	overlays, doubles, err := findAll(o.Overlays, o.Allow.Outside)
	if err != nil {
		return err
	}
	for _, o := range doubles { // what is printed of an overlay has no name
		o.name = o.dir
		overlays = append(overlays, o)
	}
	digests, err := newDigester(o.Executable)
	if err != nil {
		return err
	}
	builder, err := build.New(o.Executable, o.Allow)
	if err != nil {
		return err
	}
	defer builder.Close() // a directory of temporary files
	known, unlock, err := openCache("", true)
	if err != nil {
		return err
	}
	defer unlock()
	r := run{Options: o, planner: planner{builder, digests, known}, errs: map[string]error{}, notes: map[string][]string{}, reasons: map[string][]string{}}
	r.Summary.Overlays = len(overlays)
	commons := beside{lister: &r.lister, known: map[string][]string{}}
	jobs := make([]*job, len(overlays))
	workers.OnAllCores(len(overlays), func(i int) {
		if o := overlays[i]; o.err == nil {
			jobs[i] = &job{overlay: o}
			jobs[i].classify(&r.lister)
		}
	})
	for _, o := range overlays {
		if o.err == nil {
			commons.of(o)
		} else {
			r.finish(o.name, o.err)
		}
	}
	jobs = slices.DeleteFunc(jobs, func(j *job) bool { return j == nil })
	jobs = append(jobs, commons.jobs(overlays)...)
	if err := r.plan(ctx, jobs); err != nil {
		return err
	}
	workers.OnAllCores(len(jobs), func(i int) {
		if ctx.Err() == nil {
			r.finish(jobs[i].name, r.hand(ctx, jobs[i], use))
			jobs[i] = nil
		}
	})
	r.warn()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var errs []error
	for _, o := range slices.Concat(overlays, commons.found) {
		if err := r.errs[o.name]; err != nil {
			errs = append(errs, diagnostic.InEachLine(o.arg, err))
		}
	}
	return errors.Join(errs...)
}

// hand gives one overlay's text to use.
func (r *run) hand(ctx context.Context, j *job, use func(Rendered)) error {
	buffer, _ := r.buffers.Get().([]byte)
	text, err := r.text(ctx, j, buffer[:0])
	if err != nil {
		return err
	}
	var shape *Shape
	if j.template != nil {
		defer r.buffers.Put(text)
		shape = &Shape{j.template, j.names}
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("renders no objects: must have at least one")
	}
	var listed []Configured
	if slices.ContainsFunc(j.claims, func(c claim) bool { return c.Listed != "" }) {
		listed = r.lister.configured(j.overlay, nil)
	}
	use(Rendered{Overlay: j.arg, Tenants: configured(j.overlay), Listed: listed, Common: strings.HasPrefix(j.name, commonPart+"/"), Text: text, Shape: shape})
	return nil
}

// configured are the tenants among an overlay's transformers, with their files.
func configured(o overlay) (found []Configured) {
	k, name := kustomizationOf(o.dir)
	if k == nil {
		return nil
	}
	for _, entry := range k.Transformers {
		file := entry
		tenants, files := readTenants(o.dir, []string{entry})
		if len(files) == 0 {
			file = name // it stands there, or in a directory that is listed
		}
		for _, t := range tenants {
			found = append(found, Configured{t, filepath.Join(o.arg, file)})
		}
	}
	return found
}

// beside finds the common bases beside those that overlays build on.
type beside struct {
	lister *lister
	known  map[string][]string // by directory that is listed, links and all
	found  []overlay
}

// of adds the common bases of an overlay.
func (b *beside) of(o overlay) {
	for _, dir := range b.below(o.dir, nil) {
		if slices.ContainsFunc(b.found, func(f overlay) bool { return f.dir == dir }) {
			continue
		}
		arg := dir
		if relative, err := filepath.Rel(o.dir, dir); err == nil && !filepath.IsAbs(o.arg) {
			arg = filepath.Join(o.arg, relative)
		}
		// No overlay has a name with a slash.
		b.found = append(b.found, overlay{name: fmt.Sprintf("%s/%d", commonPart, len(b.found)), arg: arg, dir: dir, within: o.within})
	}
}

// below are the directories of common bases beside what a kustomization lists, however
// far below. If there is a tenant, what lays it says which its bases are: a directory beside the
// tenant, or beside what is added to it, is none, whatever its name is.
func (b *beside) below(dir string, from []string) (found []string) {
	k, ok := b.lister.kustomization(dir)
	if !ok || slices.Contains(from, dir) {
		return nil
	}
	from = append(slices.Clone(from), dir)
	tenants, _ := readTenants(dir, k.Transformers)
	lists := func(entry string) bool { return len(b.lister.in(filepath.Join(dir, entry), nil)) > 0 }
	overTenants := len(tenants) == 0 && slices.ContainsFunc(basesOf(k), lists)
	for _, entry := range basesOf(k) {
		base := filepath.Join(dir, entry)
		laid := lists(entry)
		if overTenants && !laid {
			continue
		}
		known, ok := b.known[base]
		if !ok && hasKustomization(base) {
			base := resolve(base)
			common := filepath.Join(filepath.Dir(base), commonPart)
			if !laid && common != base && hasKustomization(common) {
				if file, _ := commonbase.In(common); file != "" {
					known = append(known, common)
				}
			}
			known = append(known, b.below(base, from)...)
		}
		b.known[base] = known
		found = append(found, known...)
	}
	return found
}

func basesOf(k types.Kustomization) []string {
	return slices.DeleteFunc(entries(k), allow.IsRemote)
}

// jobs are those of the common bases that are no overlays that were named.
func (b *beside) jobs(overlays []overlay) (jobs []*job) {
	b.found = slices.DeleteFunc(b.found, func(f overlay) bool {
		return slices.ContainsFunc(overlays, func(o overlay) bool { return o.dir == f.dir })
	})
	for _, o := range b.found {
		jobs = append(jobs, &job{overlay: o, why: "it is a common base"})
	}
	return jobs
}

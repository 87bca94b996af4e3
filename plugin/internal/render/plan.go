package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/template"
)

// worth is how many tenants make a template worth its while: it costs two builds
// beside that of a tenant, which proves it.
const worth = 4

// job is an overlay to render, and how.
type job struct {
	overlay
	group string       // of the overlays that may share a template; "": none
	key   template.Key // of the tenant
	names []string

	tenantFile string
	sorted     bool

	claims []claim           // of the tenants that it lays, or lists
	read   map[string]string // digests of what was read already
	roots  []collision.Root  // of its meshes, as it is rendered

	template *template.Template // to fill in, or nil
	why      string             // there is none
	files    []string           // that the template was made of, and the tenant's
	built    *build.Result
}

// classify finds out whether an overlay lays a tenant over what others may
// share, and nothing else that depends on the tenant.
func (j *job) classify(l *lister) {
	text, err := readConfiguration(filepath.Join(j.dir, kustomizationFile))
	if err != nil {
		j.why = "no regular file " + kustomizationFile
		j.claims = l.claims(j.dir)
		return
	}
	var k types.Kustomization
	if k.Unmarshal(text) != nil {
		j.why = kustomizationFile + " cannot be read"
		return
	}
	tenants, files := readTenants(j.dir, k.Transformers)
	j.claims = slices.Concat(claimsOf(tenants, l.apart(j.dir, k)), l.listed(j.dir, k))
	if j.why = whyAlone(text, k.Transformers, tenants, files); j.why != "" {
		return
	}
	tenant, config := tenants[0], files[0]
	key, names, err := template.Of(tenant)
	if err != nil {
		j.why = err.Error()
		return
	}
	j.tenantFile = k.Transformers[0]
	j.sorted = k.SortOptions == nil || k.SortOptions.Order == types.LegacySortOrder
	j.key, j.names = key, names
	j.read = map[string]string{kustomizationFile: build.Digest(text), j.tenantFile: build.Digest(config)}
	// Relative paths mean the same in overlays that lie side by side.
	j.group = build.Digest([]byte(filepath.Dir(j.dir) + "\x00" + string(text) + "\x00" + j.tenantFile + "\x00" + key.Text))
}

// whyAlone says why an overlay has nothing to share; "": it may have.
func whyAlone(kustomization []byte, transformers []string, tenants []v1alpha1.IstioTenant, files [][]byte) string {
	switch {
	case len(transformers) != 1 || len(files) != 1:
		return "an IstioTenant, in a regular file, is not the only transformer"
	case filepath.Base(transformers[0]) != transformers[0]:
		return transformers[0] + " is in another directory"
	case bytes.Count(kustomization, []byte(transformers[0])) != 1:
		return transformers[0] + " is named more than once"
	case !build.RunsThis(tenants[0].Metadata.Annotations):
		return "the IstioTenant is for another program"
	}
	return ""
}

// planner gives templates to jobs.
type planner struct {
	builder *build.Builder
	digests *digester
	cache   *cache
}

// plan finds or makes templates for the jobs that can share one.
func (p planner) plan(ctx context.Context, jobs []*job) error {
	groups := map[string][]*job{}
	var order []string
	for _, j := range jobs {
		if j.group == "" {
			continue
		}
		if groups[j.group] == nil {
			order = append(order, j.group)
		}
		groups[j.group] = append(groups[j.group], j)
	}
	for _, group := range order {
		members := p.cached(groups[group])
		if len(members) < worth {
			explain(members, tooFew)
			continue
		}
		trial := p.try(ctx, members[0])
		if trial.ownErr != nil {
			continue // the overlay's own build will say so
		}
		if trial.own.Opaque != "" {
			explain(members, "the output may depend on more than files: "+trial.own.Opaque)
			continue
		}
		files := paths(trial.own.Inputs, trial.of.tenantFile)
		variants := map[string][]*job{}
		for _, j := range members {
			digest := p.digests.of(j.dir, files)
			variants[digest] = append(variants[digest], j)
		}
		for digest, alike := range variants {
			if len(alike) < worth {
				explain(alike, tooFew)
				continue
			}
			if alike[0] != trial.of {
				trial = p.try(ctx, alike[0])
			}
			made := &cachedTemplate{Files: files, Digest: digest}
			var err error
			if made.Template, err = p.make(ctx, trial, alike); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				made.Reason = err.Error()
			}
			if errors.Is(err, errBuild) {
				explain(alike, made.Reason)
				continue // another time it may work
			}
			if err := p.cache.keep(group, made); err != nil {
				return err
			}
			files := made.inputs(alike[0])
			for _, j := range alike {
				j.use(made, files)
			}
		}
	}
	return nil
}

// tooFew says why nothing is shared by fewer than worth.
var tooFew = fmt.Sprintf("fewer than %d overlays without output differ in their names only", worth)

// explain says why some jobs have no template.
func explain(jobs []*job, why string) {
	for _, j := range jobs {
		j.why = why
	}
}

// inputs are all files that the output of a job depends on, and of each job of its group.
func (c *cachedTemplate) inputs(j *job) []string {
	return slices.Sorted(slices.Values(append([]string{j.tenantFile}, c.Files...)))
}

// use takes a template, which depends on files, if the tenant's names can be filled in.
func (j *job) use(c *cachedTemplate, files []string) {
	if c.Template == nil {
		j.why = c.Reason
	} else if j.why = c.Template.Misfit(j.names); j.why == "" {
		j.template, j.files = c.Template, files
	}
}

// cached gives the jobs of a group templates of earlier runs, and returns those
// for which there is none.
func (p planner) cached(jobs []*job) []*job {
	templates := p.cache.load(jobs[0].group)
	if len(templates) == 0 {
		return jobs
	}
	inputs := make([][]string, len(templates))
	for i, c := range templates {
		inputs[i] = c.inputs(jobs[0])
	}
	var rest []*job
	for _, j := range jobs {
		i := slices.IndexFunc(templates, func(c *cachedTemplate) bool { return p.digests.of(j.dir, c.Files) == c.Digest })
		if i < 0 {
			rest = append(rest, j)
			continue
		}
		j.use(templates[i], inputs[i])
	}
	return rest
}

// errBuild says that there is no template because a build failed.
var errBuild = errors.New("build")

// trial is what a template is made of: an overlay, built for two samples in the
// place of its tenant; and what the template is tried on: the overlay as it is.
type trial struct {
	of          *job
	own         build.Result
	ownErr      error
	hasRoom     bool // for samples
	short, long template.Sample
	samples     []build.Result // of both
	err         error          // of those
}

// try builds an overlay and its samples side by side.
func (p planner) try(ctx context.Context, j *job) trial {
	t := trial{of: j}
	t.short, t.long, t.hasRoom = j.key.Samples()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wait sync.WaitGroup
	wait.Go(func() {
		t.own, t.ownErr = p.builder.Build(ctx, build.Request{Dir: j.dir, Within: j.within})
		if t.ownErr != nil {
			cancel() // no use is made of the samples
			return
		}
		j.built = &t.own
	})
	if t.hasRoom {
		wait.Go(func() { t.samples, t.err = p.buildInPlace(ctx, j, t.short, t.long) })
	}
	wait.Wait()
	return t
}

// buildInPlace builds a job's overlay for samples in the place of its tenant.
func (p planner) buildInPlace(ctx context.Context, j *job, samples ...template.Sample) ([]build.Result, error) {
	var requests []build.Request
	for _, s := range samples {
		config, err := s.Config()
		if err != nil {
			return nil, err
		}
		requests = append(requests, build.Request{Dir: j.dir, Within: j.within, Replace: map[string][]byte{j.tenantFile: config}})
	}
	return p.builder.InTurn(ctx, requests...)
}

// make makes a template for overlays that are alike but for their names, and proves
// it on one of them.
func (p planner) make(ctx context.Context, t trial, alike []*job) (*template.Template, error) {
	if !t.hasRoom {
		return nil, errors.New("the names leave no room for a sample")
	}
	if t.err != nil {
		return nil, fmt.Errorf("%w: %w", errBuild, t.err)
	}
	made, err := template.New(t.short, t.long, printed(t.samples[0]), printed(t.samples[1]), t.of.sorted)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(alike, func(j *job) bool { return made.Fits(j.names) })
	if at < 0 {
		return made, nil // which none will use
	}
	proof := alike[at]
	if proof.built == nil {
		result, err := p.builder.Build(ctx, build.Request{Dir: proof.dir, Within: proof.within})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBuild, err)
		}
		proof.built = &result
	}
	for _, r := range t.samples {
		if r.Opaque != "" || !slices.Equal(paths(r.Inputs), paths(proof.built.Inputs)) {
			return nil, errors.New("another tenant reads other files")
		}
	}
	if !bytes.Equal(made.Fill(nil, proof.names), proof.built.YAML) || made.FillNotes(proof.names) != proof.built.Stderr {
		return nil, fmt.Errorf("does not give what kustomize gives for %s", proof.name)
	}
	return made, nil
}

func printed(r build.Result) template.Output {
	return template.Output{YAML: string(r.YAML), Notes: r.Stderr}
}

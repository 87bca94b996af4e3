package render

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
)

// withoutDoubles leaves out the jobs of a tenant whose applications are built apart,
// where two of its overlays have one object: the one would overwrite the other's, and
// a tool that prunes would delete it. It builds what it compares, and that only of
// such tenants.
func (r *run) withoutDoubles(ctx context.Context, overlays []overlay, jobs []*job) []*job {
	pending := map[string]*job{}
	for _, j := range jobs {
		pending[j.name] = j
	}
	apart, changes, of := map[string]bool{}, map[string]bool{}, map[string][]overlay{} // by tenant
	for _, o := range overlays {
		for _, c := range r.claims[o.name] {
			if c.Listed == "" {
				of[c.Name] = append(of[c.Name], o)
				apart[c.Name] = apart[c.Name] || c.Apart
				changes[c.Name] = changes[c.Name] || pending[o.name] != nil
			}
		}
	}
	refused := map[string]error{}
	for tenant, parts := range of {
		if !apart[tenant] || !changes[tenant] || len(parts) < 2 {
			continue
		}
		var claims []collision.Claim
		names := map[string]string{}
		for _, o := range parts {
			objects, err := (&kio.ByteReader{Reader: bytes.NewReader(r.printed(ctx, o, pending[o.name])), OmitReaderAnnotations: true}).Read()
			if err != nil {
				continue // its own build says so
			}
			names[o.arg] = o.name
			claims = append(claims, collision.OfObjects(o.arg, objects)...)
		}
		for _, c := range collision.Find(claims) {
			for _, file := range c.Files {
				if name := names[file]; pending[name] != nil {
					refused[name] = errors.Join(refused[name], c.Err)
				}
			}
		}
	}
	for _, o := range overlays {
		if err := refused[o.name]; err != nil {
			r.finish(o.name, err)
		}
	}
	return slices.DeleteFunc(jobs, func(j *job) bool { return refused[j.name] != nil })
}

// printed is what an overlay prints, or has printed if it has no job. What cannot be
// built is nothing here.
func (r *run) printed(ctx context.Context, o overlay, j *job) []byte {
	switch {
	case j == nil:
		var all [][]byte
		for _, name := range r.output.listed(o.name) {
			if text, err := readRegular(filepath.Join(r.output.dir, o.name, name)); err == nil {
				all = append(all, text)
			}
		}
		return bytes.Join(all, []byte("---\n"))
	case j.template != nil:
		return j.template.Fill(nil, j.names)
	case j.built == nil:
		result, err := r.builder.Build(ctx, build.Request{Dir: j.dir, Within: j.within})
		if err != nil {
			return nil
		}
		j.built = &result
	}
	return j.built.YAML
}

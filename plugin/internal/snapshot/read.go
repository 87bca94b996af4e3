package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rendered"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
)

// Options say what to read.
type Options struct {
	// Paths are overlays, files of YAML or JSON, directories of either, and "-" for In.
	Paths []string
	In    io.Reader
	// Named are the namespaces of tenants whose objects have no label, by tenant; the
	// control plane's is among them.
	Named map[string][]string
	// Allow, Executable and Warn are as in [render.Options].
	Allow      allow.List
	Executable string
	Warn       func(line string)
}

// Reading is a snapshot with what only its files say.
type Reading struct {
	*Snapshot
	// Configs are the tenants of overlays, by their names and files.
	Configs []Config
	// Planes and Roots are in the order of their objects.
	Planes []Plane
	Roots  []Root
	// Overlays and Files are how many were read; Common are the directories of common
	// bases that were read beside those of the overlays.
	Overlays, Files int
	Common          []string

	words  map[string]uint32
	planes map[string]string // namespaces, by tenant
}

// Config is what configures a tenant.
type Config struct {
	render.Configured
	// Overlay is the directory, as objects' sources have it.
	Overlay string
}

// Read reads a snapshot. What could not be read is an error, which has a line for each
// mistake; the snapshot has all the same what could.
func Read(ctx context.Context, o Options) (*Reading, error) {
	files, overlays, err := rendered.FilesAndOverlays(o.Paths)
	if err != nil {
		return nil, err
	}
	r := reader{words: &words{numbers: map[string]uint32{}}}
	errs := []error{r.overlays(ctx, o, overlays), r.files(files, o.In)}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	reading := &Reading{Overlays: len(overlays), Files: len(files), words: r.words.numbers}
	var objects []*Object
	common := map[object.ID]bool{}
	for _, p := range r.parts {
		for _, o := range p.objects {
			common[o.ID] = common[o.ID] || p.common
		}
	}
	slices.SortFunc(r.parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name)) })
	for _, p := range r.parts {
		objects = append(objects, p.objects...)
		for _, o := range p.objects {
			if len(p.laid) > 0 && !common[o.ID] {
				o.overlay = laidOver(o.ID, p.laid)
			}
		}
		reading.Planes = append(reading.Planes, p.planes...)
		reading.Roots = append(reading.Roots, p.roots...)
		reading.Configs = append(reading.Configs, p.configs...)
		errs = append(errs, p.errs...)
		for _, line := range p.repairs {
			if o.Warn != nil {
				o.Warn(line)
			}
		}
		if p.common {
			reading.Common = append(reading.Common, p.name)
		}
	}
	errs = append(errs, missing(objects, o.Named)...)
	slices.SortStableFunc(reading.Configs, func(a, b Config) int { return cmp.Compare(a.Name(), b.Name()) })
	reading.Snapshot = New(objects, tenants(objects, reading, o.Named))
	return reading, errors.Join(errs...)
}

// laidOver is the tenant of an overlay that an object is of: the one that has its namespace,
// or the first.
func laidOver(id object.ID, tenants []v1alpha1.IstioTenant) string {
	for _, t := range tenants {
		if slices.Contains(t.Namespaces(), cmp.Or(id.Namespace, id.Name)) {
			return t.Name()
		}
	}
	return tenants[0].Name()
}

// reader is one call of Read.
type reader struct {
	words   *words
	parsers sync.Pool
	shapes  sync.Map // func() *shape, by template

	mu    sync.Mutex
	parts []part
}

// part is what one overlay or file gives.
type part struct {
	parsed
	rank    int // overlays come first
	name    string
	configs []Config
	laid    []v1alpha1.IstioTenant // by the overlay, itself or by what it lists
	common  bool
}

func (r *reader) add(p part) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts = append(r.parts, p)
}

func (r *reader) parse(file string, text []byte, lined bool) parsed {
	p, _ := r.parsers.Get().(*parser)
	if p == nil {
		p = newParser(r.words)
	}
	defer r.parsers.Put(p)
	return p.parse(file, text, lined)
}

func (r *reader) overlays(ctx context.Context, o Options, overlays []string) error {
	if len(overlays) == 0 {
		return nil
	}
	return render.Each(ctx, render.Options{Overlays: overlays, Allow: o.Allow, Executable: o.Executable, Warn: o.Warn}, func(given render.Rendered) {
		parsed, ok := r.filled(given)
		if !ok {
			parsed = r.parse(given.Overlay, given.Text, false)
		}
		for _, o := range parsed.objects {
			o.Reviewed = true
		}
		p := part{parsed: parsed, name: given.Overlay, laid: given.Laid, common: given.Common}
		for _, t := range given.Tenants {
			p.configs = append(p.configs, Config{t, given.Overlay})
		}
		r.add(p)
	})
}

func (r *reader) files(files []string, in io.Reader) error {
	errs := make([]error, len(files))
	workers.OnAllCores(len(files), func(i int) {
		text, name, err := text(files[i], in)
		if err != nil {
			errs[i] = err
			return
		}
		p := part{parsed: r.parse(name, text, true), rank: 1 + i, name: name}
		if len(p.objects) == 0 && len(p.errs) == 0 {
			errs[i] = fmt.Errorf("%s: has no objects: must have at least one", name)
		}
		r.add(p)
	})
	return errors.Join(errs...)
}

// largest is how long a file may be: a dump of a large cluster is no longer.
const largest = 1 << 30

func text(file string, in io.Reader) (text []byte, name string, err error) {
	if file != rendered.Stdin {
		opened, err := os.Open(file)
		if err != nil {
			return nil, file, err
		}
		defer opened.Close() // was only read
		in = opened
	} else {
		file = "stdin"
	}
	text, err = io.ReadAll(io.LimitReader(in, largest+1))
	if err == nil && len(text) > largest {
		err = fmt.Errorf("longer than %d MiB", largest>>20)
	}
	if err != nil {
		return nil, file, fmt.Errorf("%s: %w", file, err)
	}
	return text, file, nil
}

package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

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
	planes map[string][]string // namespaces, by tenant
}

// Config is what configures a tenant.
type Config struct {
	render.Configured
	// Overlay is the directory, as objects' sources have it.
	Overlay string

	listed bool // the overlay lists the kustomization that lays the tenant
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
	var configs []Config
	var objects []*Object
	common := map[object.ID][]*Object{}
	for _, p := range r.parts {
		for _, o := range p.objects {
			if p.common {
				common[o.ID] = append(common[o.ID], o)
			}
		}
	}
	slices.SortFunc(r.parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name)) })
	for _, p := range r.parts {
		objects = append(objects, p.objects...)
		for _, o := range p.objects {
			if len(p.configs) > 0 && !slices.ContainsFunc(common[o.ID], o.IsSame) {
				o.overlay = laidOver(o, p.configs)
			}
		}
		reading.Planes = append(reading.Planes, p.planes...)
		reading.Roots = append(reading.Roots, p.roots...)
		configs = append(configs, p.configs...)
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
	reading.Configs = distinct(configs)
	reading.Snapshot = New(objects, tenants(objects, reading, o.Named))
	return reading, errors.Join(errs...)
}

// laidOver is the tenant of an overlay that an object is of. If the overlay lists several
// tenants, it is the one that the object's label names, or that has its namespace, or the
// first.
func laidOver(o *Object, tenants []Config) string {
	label := o.TenantLabel()
	for _, is := range []func(Config) bool{
		func(c Config) bool { return c.Name() == label },
		func(c Config) bool { return slices.Contains(c.Namespaces(), cmp.Or(o.ID.Namespace, o.ID.Name)) },
	} {
		if i := slices.IndexFunc(tenants, is); i >= 0 {
			return tenants[i].Name()
		}
	}
	return tenants[0].Name()
}

// distinct are configurations by tenant, without those that a kustomization lists and that
// are here anyway, from the overlay itself or from another one that lists it.
func distinct(configs []Config) []Config {
	here := map[string]bool{}
	for _, c := range configs {
		if !c.listed {
			here[c.path()] = true
		}
	}
	configs = slices.DeleteFunc(configs, func(c Config) bool {
		again := c.listed && here[c.path()]
		here[c.path()] = true
		return again
	})
	slices.SortStableFunc(configs, func(a, b Config) int { return cmp.Compare(a.Name(), b.Name()) })
	return configs
}

// path is that of the file, however it was named.
func (c Config) path() string {
	if path, err := filepath.Abs(c.File); err == nil {
		return path
	}
	return c.File
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
	configs []Config // of the tenants that it lays, itself or by what it lists
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
			o.Reviewed, o.Final = true, ok
		}
		p := part{parsed: parsed, name: given.Overlay, common: given.Common}
		for _, t := range given.Tenants {
			p.configs = append(p.configs, Config{Configured: t, Overlay: given.Overlay})
		}
		for _, t := range given.Listed {
			p.configs = append(p.configs, Config{Configured: t, Overlay: given.Overlay, listed: true})
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

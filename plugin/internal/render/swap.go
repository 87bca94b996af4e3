package render

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
)

// SwapOptions say which overlays to build, and with which two bases.
type SwapOptions struct {
	// Overlays are directories, as in [Options].
	Overlays []string
	// From is the base of a control plane that the overlays list; "": the one that
	// each lists. To is built instead. Each is a directory, or an allowed address.
	From, To string
	// Allow and Executable are as in [Options].
	Allow      allow.List
	Executable string
}

// Swapped is an overlay that was built with one base, and with another in its place.
type Swapped struct {
	// Overlay is the directory, as it was given.
	Overlay  string
	Tenant   v1alpha1.IstioTenant
	From, To Laid
}

// Laid is what an overlay gives with a base.
type Laid struct {
	// Base is as it was given or, if it was not, as the overlay lists it.
	Base    string
	Objects []*yaml.RNode
	// Notes are the warnings of the build.
	Notes []string
	// Common are the objects of the common base beside Base; none, if there is none,
	// or if it is not on this machine. CommonBase is its directory.
	Common     []*yaml.RNode
	CommonBase string
}

// Swap builds each overlay with two bases, and writes nothing. Its error has a line
// for each mistake in each overlay; the others are returned all the same.
func Swap(ctx context.Context, o SwapOptions) ([]Swapped, error) {
	complete, err := Options{Output: os.DevNull, Allow: o.Allow, Executable: o.Executable}.complete()
	if err != nil {
		return nil, err
	}
	overlays, err := find(o.Overlays, o.Allow.Outside)
	if err != nil {
		return nil, err
	}
	builder, err := build.New(complete.Executable, o.Allow)
	if err != nil {
		return nil, err
	}
	defer builder.Close() // a directory of temporary files
	s := swap{SwapOptions: o, builder: builder}
	if err := s.bases(); err != nil {
		return nil, err
	}
	swapped, errs := make([]Swapped, len(overlays)), make([]error, len(overlays))
	workers.OnAllCores(len(overlays), func(i int) {
		if swapped[i], errs[i] = s.overlay(ctx, overlays[i]); errs[i] != nil {
			errs[i] = diagnostic.InEachLine(overlays[i].arg, errs[i])
		}
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return slices.DeleteFunc(swapped, func(s Swapped) bool { return s.Overlay == "" }), errors.Join(errs...)
}

// swap is one run of Swap.
type swap struct {
	SwapOptions
	builder *build.Builder
	kinds   sync.Map // func() kindOfBase, by directory or address
	commons sync.Map // func() []*yaml.RNode, by directory
}

// bases checks the two bases themselves.
func (s *swap) bases() error {
	if s.To == "" {
		return errors.New("upgrade: --to is missing: must be the base of a control plane, such as bases/istio/control-plane")
	}
	for flag, base := range map[string]string{"--from": s.From, "--to": s.To} {
		if base != "" && !allow.IsRemote(base) && !hasKustomization(base) {
			return fmt.Errorf("upgrade: %s: %s has no kustomization.yaml: must be the directory or the URL of a control plane's base", flag, base)
		}
	}
	if s.From != "" && identity(s.From) == identity(s.To) {
		return fmt.Errorf("upgrade: --from and --to: found %s and %s, which are the same base: must be two different ones", s.From, s.To)
	}
	return nil
}

// identity is a base's address, or its directory without links.
func identity(base string) string {
	if allow.IsRemote(base) {
		return base
	}
	abs, err := filepath.Abs(base)
	if err != nil {
		return base
	}
	return resolve(abs)
}

// overlay builds one overlay twice.
func (s *swap) overlay(ctx context.Context, o overlay) (Swapped, error) {
	if o.err != nil {
		return Swapped{}, o.err
	}
	k, name := kustomizationOf(o.dir)
	if k == nil {
		return Swapped{}, fmt.Errorf("%s: cannot be read: must be a kustomization, in a regular file", name)
	}
	tenants, _ := readTenants(o.dir, k.Transformers)
	if len(tenants) != 1 {
		return Swapped{}, fmt.Errorf("lays %s: must be the overlay of one tenant, with its tenant.yaml under transformers", count(len(tenants), "tenant"))
	}
	if revisions := tenants[0].Spec.ControlPlane.Revisions; len(revisions) > 0 {
		return Swapped{}, fmt.Errorf("spec.controlPlane.revisions: names %q: this command compares a base with one that replaces it, and control planes with a revision run "+
			"side by side: compare the bases without a revision, in an overlay without this field", revisions[0].Name)
	}
	entry, err := s.listed(ctx, o, k.Resources)
	if err != nil {
		return Swapped{}, err
	}
	if err := s.isControlPlane(ctx, o, s.entry(o, s.To)); err != nil {
		return Swapped{}, fmt.Errorf("--to: %s %w", s.To, err)
	}
	text, err := replaced(o.dir, name, entry, s.entry(o, s.To))
	if err != nil {
		return Swapped{}, err
	}
	swapped := Swapped{Overlay: o.arg, Tenant: tenants[0]}
	if swapped.From, swapped.To, err = s.both(ctx, o, entry, map[string][]byte{name: text}); err != nil {
		return Swapped{}, err
	}
	swapped.From.Base, swapped.To.Base = s.From, s.To
	if s.From == "" {
		if swapped.From.Base = entry; !allow.IsRemote(entry) {
			swapped.From.Base = filepath.Join(o.arg, entry)
		}
	}
	s.common(ctx, o, &swapped.From)
	s.common(ctx, o, &swapped.To)
	return swapped, nil
}

// entry is how an overlay would list a base.
func (s *swap) entry(o overlay, base string) string {
	if allow.IsRemote(base) {
		return base
	}
	relative, err := filepath.Rel(o.dir, identity(base))
	if err != nil {
		return identity(base)
	}
	return relative
}

// both are what an overlay gives, as it is and with files replaced.
func (s *swap) both(ctx context.Context, o overlay, entry string, replace map[string][]byte) (from, to Laid, err error) {
	requests := []build.Request{{Dir: o.dir, Within: o.within}, {Dir: o.dir, Within: o.within, Replace: replace}}
	results, err := s.builder.InTurn(ctx, requests...)
	if err == nil {
		from, err = laidOf(o, results[0])
		if err == nil {
			to, err = laidOf(o, results[1])
		}
		return from, to, err
	}
	for i, base := range []string{entry, s.To} { // which of the two is it?
		if _, err := s.builder.Build(ctx, requests[i]); err != nil {
			return from, to, diagnostic.InEachLine("over "+base, err)
		}
	}
	return from, to, err
}

func laidOf(o overlay, result build.Result) (Laid, error) {
	if err := checkLaid(o.dir, result.YAML); err != nil {
		return Laid{}, err
	}
	objects, err := parsed(result.YAML)
	said := diagnostic.Read(result.Stderr)
	return Laid{Objects: objects, Notes: slices.Concat(said.Warnings, said.Others)}, err
}

func parsed(text []byte) ([]*yaml.RNode, error) {
	return strictyaml.Objects(text)
}

// replaced is the kustomization of a directory, with another entry in the place of one.
func replaced(dir, name, entry, by string) ([]byte, error) {
	text, err := readConfiguration(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	k, err := strictyaml.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, field := range []string{"resources", "bases"} { // the older name is read, too
		list, err := k.Pipe(yaml.Lookup(field))
		if err != nil || list == nil {
			continue
		}
		for _, element := range list.Content() {
			if element.Value == entry {
				element.Value = by
			}
		}
	}
	return []byte(k.MustString()), nil
}

// common reads the common base beside a base.
func (s *swap) common(ctx context.Context, o overlay, l *Laid) {
	dir := filepath.Join(l.Base, "..", commonPart)
	if allow.IsRemote(l.Base) || !hasKustomization(dir) {
		return
	}
	read, _ := s.commons.LoadOrStore(identity(dir), sync.OnceValue(func() []*yaml.RNode {
		result, err := s.builder.Build(ctx, build.Request{Dir: identity(dir), Within: o.within})
		if err != nil {
			return nil // it is not what is upgraded, and says so when it is rendered
		}
		objects, err := parsed(result.YAML)
		if err != nil {
			return nil
		}
		return objects
	}))
	if l.Common = read.(func() []*yaml.RNode)(); len(l.Common) > 0 {
		l.CommonBase = strings.TrimPrefix(dir, "./")
	}
}

// commonPart is what the directory of a common base is called, beside that of the
// control plane, in every base that this program has or makes.
const commonPart = string(v1alpha1.PartCommon)

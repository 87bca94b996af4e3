package render

import (
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"sigs.k8s.io/kustomize/api/types"
)

// lister finds the tenants that an overlay's resources lay, and reads a directory
// that many overlays list once.
type lister struct {
	known sync.Map // []claim, by directory
	parts sync.Map // bool, by directory: it has the base of applications
	texts sync.Map // types.Kustomization, by its text, which most overlays have alike
}

// listed are the tenants of the directories that a kustomization in dir lists,
// each with the entry that leads there. What cannot be read the build will say.
func (l *lister) listed(dir string, k types.Kustomization) []claim {
	var found []claim
	for _, entry := range entries(k) {
		for _, c := range l.in(filepath.Join(dir, entry), nil) {
			c.Listed = entry
			found = append(found, c)
		}
	}
	return found
}

// claims are those of a directory whose kustomization is a link, or has another name.
func (l *lister) claims(dir string) []claim {
	k, ok := l.kustomization(dir)
	if !ok {
		return nil
	}
	tenants, _ := readTenants(dir, k.Transformers)
	return slices.Concat(claimsOf(tenants, l.apart(dir, k)), l.listed(dir, k))
}

// in are the tenants that a directory lays, itself or by what it lists. The
// directories that led there are not read again.
func (l *lister) in(dir string, from []string) []claim {
	if known, ok := l.known.Load(dir); ok {
		return known.([]claim)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() || slices.Contains(from, dir) {
		return nil
	}
	k, ok := l.kustomization(dir)
	if !ok {
		return nil
	}
	tenants, _ := readTenants(dir, k.Transformers)
	found := claimsOf(tenants, l.apart(dir, k))
	for _, entry := range entries(k) {
		found = append(found, l.in(filepath.Join(dir, entry), append(slices.Clone(from), dir))...)
	}
	l.known.Store(dir, found)
	return found
}

// configured are the tenants of the directories that an overlay lists, with their files.
// The directories that led there are not read again.
func (l *lister) configured(o overlay, from []string) (found []Configured) {
	k, ok := l.kustomization(o.dir)
	if !ok {
		return nil
	}
	from = append(slices.Clone(from), o.dir)
	for _, entry := range entries(k) {
		below := overlay{dir: filepath.Join(o.dir, entry), arg: filepath.Join(o.arg, entry)}
		if !slices.Contains(from, below.dir) && len(l.in(below.dir, nil)) > 0 {
			found = append(append(found, configured(below)...), l.configured(below, from)...)
		}
	}
	return found
}

// entries are what may be directories with kustomizations.
func entries(k types.Kustomization) []string {
	k.FixKustomization() // those of older fields
	return slices.DeleteFunc(slices.Concat(k.Resources, k.Components), filepath.IsAbs)
}

// kustomization reads that of a directory, whichever of its names it has.
func (l *lister) kustomization(dir string) (k types.Kustomization, ok bool) {
	file := filepath.Join(dir, kustomizationIn(dir))
	text, err := regular.Read(file, regular.LargestConfiguration)
	if err != nil {
		return k, false
	}
	if known, ok := l.texts.Load(string(text)); ok {
		return known.(types.Kustomization), true
	}
	if k.Unmarshal(text) != nil {
		return k, false
	}
	k.FixKustomization() // which changes nothing the next time: many read this one
	l.texts.Store(string(text), k)
	return k, true
}

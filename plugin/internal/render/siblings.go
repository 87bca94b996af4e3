package render

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// siblings are the overlays beside those of a run that prints, if they have any of the
// names that are taken. Who prints one tenant at a time, as Argo CD does, would not see
// otherwise that a copied overlay has the tenant of another one still: the two would
// take each other's objects in the cluster.
//
// A sibling that cannot be read has no names: its own run says why. A link is none,
// since it may lead to where nothing is to be read.
func (r *run) siblings(overlays []overlay, taken map[string]bool) []overlay {
	if len(taken) == 0 {
		return nil
	}
	seen, parents := map[string]bool{}, map[string]bool{}
	for _, o := range overlays {
		seen[o.dir] = true
	}
	var found []overlay
	for _, o := range overlays {
		parent := filepath.Dir(o.dir)
		if parents[parent] {
			continue
		}
		parents[parent] = true
		entries, err := os.ReadDir(parent)
		if err != nil {
			continue // what this user may not list
		}
		for _, entry := range entries {
			dir := filepath.Join(parent, entry.Name())
			if seen[dir] || !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
				continue
			}
			claims := r.lister.claims(dir)
			if slices.ContainsFunc(claims, func(c claim) bool { return c.has(taken) }) {
				r.claims[dir] = claims // no overlay has a name with a slash
				found = append(found, overlay{name: dir, arg: o.beside(dir), dir: dir})
			}
		}
	}
	return found
}

// beside is how messages call a sibling, in the words by which o was given.
func (o overlay) beside(sibling string) string {
	arg := filepath.Join(o.arg, "..", filepath.Base(sibling))
	if abs, err := filepath.Abs(arg); err == nil && resolve(abs) == sibling {
		return arg
	}
	return sibling // o was given by a link
}

// notBeside is the way out for whoever means to keep both overlays as they are.
const notBeside = "; or, if one of the two is for another cluster or out of use, move it to another directory"

package build

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// unmerged is how kustomize refuses a patch without a target whose object is not
// there. It names neither the kustomization nor the entry.
var unmerged = regexp.MustCompile(`no matches for Id \S+; failed to find unique target for patch ([^\s"'\\]+)`)

// noObject names the patch, among those of an overlay, of what it builds on and of
// its components, that kustomize found no object for, and asks what was meant; "":
// it complains of something else, or of no patch that is found.
func (r *recorder) noObject(root, failure string) string {
	said := unmerged.FindStringSubmatch(failure)
	if said == nil {
		return ""
	}
	found := ""
	c := targetCheck{recorder: r, root: root, seen: map[string]bool{}}
	c.each = func(path []step) {
		at := path[len(path)-1]
		var merges, patches []types.Patch
		for _, entry := range at.kustomization.PatchesStrategicMerge {
			merges = append(merges, types.Patch{Path: string(entry), Patch: string(entry)}) // the one or the other
		}
		for _, p := range at.kustomization.Patches {
			if p.Target != nil {
				p = types.Patch{}
			}
			patches = append(patches, p)
		}
		for _, field := range []struct {
			name    string
			entries []types.Patch
		}{{"patchesStrategicMerge", merges}, {"patches", patches}} {
			i := slices.IndexFunc(field.entries, func(p types.Patch) bool { return slices.ContainsFunc(c.patched(at.dir, p), is(said[1])) })
			if i < 0 || found != "" {
				continue
			}
			ids := c.patched(at.dir, field.entries[i])
			id := ids[slices.IndexFunc(ids, is(said[1]))]
			target := types.Selector{ResId: resid.NewResIdWithNamespace(id.Gvk, id.Name, id.Namespace)}
			found = fmt.Sprintf("%s: %s: %s matches no object", c.name(path), strictyaml.Element(field.name, i), describe(target))
			if objects, err := c.before(path, field.name, i); err == nil {
				found += meant(objects, target)
			}
		}
	}
	c.visit([]step{{dir: root}})
	return found
}

func is(text string) func(resid.ResId) bool {
	return func(id resid.ResId) bool { return id.String() == text }
}

// patched are the objects that a strategic merge patch names; none, where it is
// another patch.
func (c *targetCheck) patched(dir string, p types.Patch) []resid.ResId {
	text := c.read[filepath.Join(dir, p.Path)]
	if text == nil {
		text = []byte(p.Patch)
	}
	objects, err := provider.NewDefaultDepProvider().GetResourceFactory().SliceFromBytes(text)
	if err != nil {
		return nil
	}
	var ids []resid.ResId
	for _, o := range objects {
		ids = append(ids, o.OrgId())
	}
	return ids
}

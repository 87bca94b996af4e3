package render

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// warnOfNested names the directories of tenants that are too deep to be rendered: render
// reads the directories directly in the one that it is given. check also reads those below
// them, so that such a tenant would be checked and never applied.
func (r *run) warnOfNested(overlays []overlay) {
	rendered, called := map[string]bool{}, map[string]bool{}
	for _, o := range overlays {
		rendered[o.dir], called[o.arg] = true, true
	}
	output, err := filepath.Abs(r.Output)
	if err == nil && r.Output != "" {
		rendered[resolve(output)] = true // which has what is rendered
	}
	for _, arg := range r.Options.Overlays {
		entries, err := os.ReadDir(arg)
		if err != nil || hasKustomization(arg) {
			continue
		}
		for _, e := range entries {
			child := filepath.Join(arg, e.Name())
			if e.IsDir() && !called[child] { // of ten thousand overlays, no file is looked at
				r.nested(arg, child, rendered)
			}
		}
	}
}

// nested looks for tenants below a directory that is no overlay.
func (r *run) nested(arg, child string, rendered map[string]bool) {
	_ = filepath.WalkDir(child, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir // what this user may not read
		}
		if !entry.IsDir() {
			return nil
		}
		abs, err := filepath.Abs(path)
		if err != nil || strings.HasPrefix(entry.Name(), ".") || rendered[resolve(abs)] {
			return fs.SkipDir
		}
		isOverlay := hasKustomization(path)
		if path != child && (isFile(filepath.Join(path, tenantFile)) || isOverlay && len(r.lister.claims(resolve(abs))) > 0) {
			r.Warn(fmt.Sprintf("%s: has a tenant and is not rendered: must be directly in %s; or name its parent directory, %s, as well", path, arg, filepath.Dir(path)))
			return fs.SkipDir
		}
		if isOverlay {
			return fs.SkipDir // which builds on what is below
		}
		return nil
	})
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

package render

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// tenantFile is what the files of tenants are called, an empty one, too.
const tenantFile = "tenant.yaml"

// looksLikeOverlay says why a path without a kustomization is a mistake: it
// holds a tenant, or the misspelt name of a kustomization, or it is a link to
// nothing. Whoever passed over it would lose the tenant in silence.
func looksLikeOverlay(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return cause(err)
	}
	if !info.IsDir() {
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return cause(err)
	}
	tenant := slices.IndexFunc(entries, func(e os.DirEntry) bool {
		return e.Name() == tenantFile || isYAML(e.Name()) && holdsTenant(path, e.Name())
	})
	misspelt := misspeltKustomization(entries)
	switch {
	case tenant >= 0:
		return fmt.Errorf("holds %s and no kustomization: %s%s", entries[tenant].Name(), mustHoldKustomization(), misspelt)
	case misspelt != "":
		return fmt.Errorf("holds no kustomization: %s%s", mustHoldKustomization(), misspelt)
	}
	return nil
}

// withoutKustomization is the error of the directory of an overlay that was
// rendered before.
func withoutKustomization(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return cause(err)
	}
	return fmt.Errorf("%s, or be removed if the overlay is gone%s", mustHoldKustomization(), misspeltKustomization(entries))
}

// mustHoldKustomization names what kustomize reads.
func mustHoldKustomization() string {
	names := konfig.RecognizedKustomizationFileNames()
	last := len(names) - 1
	return "must hold " + strings.Join(names[:last], ", ") + " or " + names[last]
}

// misspeltKustomization asks whether a file was meant to be a kustomization; "":
// none looks like one.
func misspeltKustomization(entries []os.DirEntry) string {
	names := konfig.RecognizedKustomizationFileNames()
	for _, e := range entries {
		if slices.Contains(names, e.Name()) {
			return "; found " + e.Name() + ", which is no file"
		}
		if question := suggest.Question(e.Name(), names); question != "" {
			return "; found " + e.Name() + question
		}
	}
	return ""
}

func isYAML(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name))
}

// isGone says whether an overlay's directory is not there any more. One that
// cannot be read is.
func isGone(dir string) bool {
	info, err := os.Stat(dir)
	return os.IsNotExist(err) || err == nil && !info.IsDir()
}

package oracle

import (
	"bytes"
	"os"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/revision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
)

// What the manifests of a version were rendered for: istio.yaml is for From,
// istio-system1.yaml for To, istio-system1-sales.yaml for To and Revision.
const (
	From     = "istio-system"
	To       = "istio-system1"
	Revision = "sales"
)

// Versions are those of which there are manifests, the oldest first.
var Versions = []string{"0.7.1", "0.8.0", "1.4.10", "1.10.6", "1.20.8", "1.24.6", "1.30", "1.31.0-rc.0", "1.31.0"}

// Manifests are directories of real manifests, DIR/<version>/<file>. A version
// is taken from the first that has it.
type Manifests []string

// Has says whether there is a version.
func (m Manifests) Has(version string) bool {
	_, err := os.Stat(m.dir(version))
	return err == nil
}

// Text is a file of a version. The error is fs.ErrNotExist where the version has none.
func (m Manifests) Text(version, file string) ([]byte, error) {
	return os.ReadFile(filepath.Join(m.dir(version), file))
}

func (m Manifests) dir(version string) string {
	dir := version
	for _, one := range m {
		dir = filepath.Join(one, version)
		if _, err := os.Stat(dir); err == nil {
			break
		}
	}
	return dir
}

// Objects are a file's objects.
func (m Manifests) Objects(version, file string) ([]*yaml.RNode, error) {
	text, err := m.Text(version, file)
	if err != nil {
		return nil, err
	}
	items, _, err := manifest.Read(bytes.NewReader(text), version+"/"+file)
	return items, err
}

// Relocated is what relocating a version's istio.yaml gives.
func (m Manifests) Relocated(version string) ([]*yaml.RNode, error) {
	items, err := m.Objects(version, "istio.yaml")
	if err != nil {
		return nil, err
	}
	return relocate.Filter{From: From, To: To}.Filter(items)
}

// Revised is what relocating and revising a version's istio.yaml gives.
func (m Manifests) Revised(version string) ([]*yaml.RNode, error) {
	items, err := m.Relocated(version)
	if err != nil {
		return nil, err
	}
	return revision.Filter{Namespace: To, Revision: Revision}.Filter(items)
}

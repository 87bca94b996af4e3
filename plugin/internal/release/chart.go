package release

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	chartcommon "helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kubeVersion is what the charts are rendered for.
const kubeVersion = "v1.32.0"

// Chart is a Helm chart of Istio of any version, with the parameters of the
// installation. Render renders a part of Istio; this is for other versions than the
// embedded one.
type Chart struct {
	// FS holds the chart in the directory Dir.
	FS  fs.FS
	Dir string
	// Release is Helm's name of the installation, Namespace where it goes.
	Release, Namespace string
	// Version is Istio's. The module's charts hold a placeholder, which Istio
	// replaces when it publishes them. Empty leaves the placeholder.
	Version string
	// Kube is the version of Kubernetes to render for. Default: kubeVersion.
	Kube string
	// Values win over the chart's defaults.
	Values map[string]any
}

// Objects renders the chart: its objects in the order of its file names,
// without comments.
func (c Chart) Objects() ([]*yaml.RNode, error) {
	text, err := c.execute()
	if err != nil {
		return nil, fmt.Errorf("chart %s of Istio %s: %s", path.Base(c.Dir), c.Version, oneLine(err))
	}
	objects, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("chart %s of Istio %s: %w", path.Base(c.Dir), c.Version, err)
	}
	return objects, nil
}

// Text is the rendered chart as helm template prints it: its kinds, if it keeps
// them apart from its templates, and its files in the order of their names.
// Unlike Objects, it keeps what a strict reader of YAML refuses.
func (c Chart) Text() (string, error) {
	loaded, err := c.load()
	if err != nil {
		return "", err
	}
	text, err := c.execute()
	if err != nil {
		return "", fmt.Errorf("chart %s of Istio %s: %s", path.Base(c.Dir), c.Version, oneLine(err))
	}
	var out strings.Builder
	write := func(name, text string) {
		if strings.TrimSpace(text) != "" {
			fmt.Fprintf(&out, "---\n# Source: %s\n%s\n", name, strings.TrimSpace(text))
		}
	}
	for _, crd := range loaded.CRDObjects() {
		write(crd.Filename, string(crd.File.Data))
	}
	for _, name := range slices.Sorted(maps.Keys(text)) {
		if base := path.Base(name); !strings.HasPrefix(base, "_") && base != "NOTES.txt" {
			write(name, text[name])
		}
	}
	return out.String(), nil
}

// Defaults are the chart's own values. Istio's charts have kept them below a
// key of their own since 1.22, so that a profile can come between them and the
// user's.
func (c Chart) Defaults() (map[string]any, error) {
	loaded, err := c.load()
	if err != nil {
		return nil, err
	}
	if defaults, ok := loaded.Values["_internal_defaults_do_not_set"].(map[string]any); ok {
		return defaults, nil
	}
	return loaded.Values, nil
}

// execute runs the chart's templates: file name to rendered text.
func (c Chart) execute() (map[string]string, error) {
	loaded, err := c.load()
	if err != nil {
		return nil, err
	}
	setDefault(&c.Kube, kubeVersion)
	kube, err := chartcommon.ParseKubeVersion(c.Kube)
	if err != nil {
		return nil, err
	}
	if err := dropDisabled(loaded, c.Values); err != nil {
		return nil, err
	}
	values, err := util.ToRenderValues(loaded, c.Values,
		chartcommon.ReleaseOptions{Name: c.Release, Namespace: c.Namespace, IsInstall: true},
		&chartcommon.Capabilities{KubeVersion: *kube, APIVersions: chartcommon.DefaultVersionSet})
	if err != nil {
		return nil, err
	}
	return engine.Render(loaded, values)
}

// dropDisabled takes away the charts within a chart that its values switch off:
// up to 1.4, Istio was one chart of many. Helm's own function for it is in a
// package that unpacks archives, too.
func dropDisabled(c *chart.Chart, values map[string]any) error {
	all, err := util.CoalesceValues(c, values)
	if err != nil {
		return err
	}
	var kept []*chart.Chart
	for _, child := range c.Dependencies() {
		i := slices.IndexFunc(c.Metadata.Dependencies, func(d *chart.Dependency) bool { return d.Name == child.Name() })
		if i >= 0 && c.Metadata.Dependencies[i].Condition != "" {
			enabled, err := all.PathValue(c.Metadata.Dependencies[i].Condition)
			if on, isBool := enabled.(bool); err == nil && isBool && !on {
				continue
			}
		}
		kept = append(kept, child)
	}
	c.SetDependencies(kept...)
	return nil
}

// load reads the chart.
func (c Chart) load() (*chart.Chart, error) {
	root, err := fs.Sub(c.FS, c.Dir)
	if err != nil {
		return nil, err
	}
	var files []*archive.BufferedFile
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(name) == "NOTES.txt" {
			return err
		}
		data, err := fs.ReadFile(root, name)
		files = append(files, &archive.BufferedFile{Name: name, Data: data})
		return err
	})
	if err != nil {
		return nil, err
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	if c.Version != "" {
		loaded.Metadata.Version, loaded.Metadata.AppVersion = c.Version, c.Version
	}
	return loaded, nil
}

// parse splits rendered text into objects.
func parse(text map[string]string) ([]*yaml.RNode, error) {
	var objects []*yaml.RNode
	for _, name := range slices.Sorted(maps.Keys(text)) {
		reader := kio.ByteReader{Reader: bytes.NewBufferString(text[name]), OmitReaderAnnotations: true, DisableUnwrapping: true}
		nodes, err := reader.Read()
		if err != nil {
			return nil, fmt.Errorf("chart file %s, as rendered: %s", name, oneLine(err))
		}
		for _, node := range nodes {
			if node.IsNilOrEmpty() {
				continue
			}
			dropComments(node.YNode())
			objects = append(objects, node)
		}
	}
	return objects, nil
}

func dropComments(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, child := range n.Content {
		dropComments(child)
	}
}

var blank = regexp.MustCompile(`\s*\n\s*`)

// oneLine is the text of an error of Helm's, which spans lines.
func oneLine(err error) string {
	return blank.ReplaceAllString(strings.TrimSpace(err.Error()), " ")
}

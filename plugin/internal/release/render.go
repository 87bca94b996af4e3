package release

import (
	"bytes"
	"errors"
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
	"istio.io/istio/manifests"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

const (
	// kubeVersion is what the charts are rendered for.
	kubeVersion = "v1.32.0"
	// parts are the keys of sources, for errors.
	parts = "common, control-plane or gateway"
)

// Options say what to render. Unlike an IstioRelease, they may name a
// namespace and a revision: tests compare a tenant to what Istio itself
// renders for it.
type Options struct {
	Part v1alpha1.Part
	// Hub and Tag of the images. Default: Hub and Version.
	Hub, Tag string
	// Namespace of the objects. Default: v1alpha1.BaseNamespace.
	Namespace string
	// Revision of the control plane. Default: none.
	Revision string
	// Values of the chart, as in a Helm values file; they win over the rest.
	Values map[string]any
}

// source is where a part comes from.
type source struct {
	chart    string                       // directory below charts/
	release  string                       // Helm's release name
	values   func(Options) map[string]any // what the options mean to the chart
	unlisted []string                     // values without a default that the chart reads, beside profiles
	noImage  string                       // why hub and tag would change nothing
	labels   map[string]string            // added to every object
}

// profiles are read by every chart's zzz_profile.yaml.
var profiles = []string{"profile", "compatibilityVersion", "platform"}

var sources = map[v1alpha1.Part]source{
	v1alpha1.PartCommon: {
		chart:   "base",
		release: "istio-base",
		noImage: "part common runs no image",
		values: func(o Options) map[string]any {
			return map[string]any{
				// No default validator: it sends every tenant's configuration to one
				// control plane.
				"defaultRevision": "",
				"global":          map[string]any{"istioNamespace": o.Namespace, "resourceScope": "cluster"},
			}
		},
	},
	v1alpha1.PartControlPlane: {
		chart:    "istio-control/istio-discovery",
		release:  "istiod",
		unlisted: []string{"pilot", "crlConfigMapName", "terminationMessagePolicy", "trafficDistribution"},
		values: func(o Options) map[string]any {
			return o.revised(map[string]any{
				"global": map[string]any{"istioNamespace": o.Namespace, "hub": o.Hub, "tag": o.Tag},
			})
		},
	},
	v1alpha1.PartGateway: {
		chart:   "gateway",
		release: "istio-ingressgateway",
		noImage: "the control plane injects a gateway's image; set it there",
		values:  func(o Options) map[string]any { return o.revised(map[string]any{}) },
		labels:  map[string]string{v1alpha1.PartLabel: string(v1alpha1.PartGateway)},
	},
}

// revised adds the revision. The charts write the values that they are given
// into a ConfigMap, so that "none" must not be among them.
func (o Options) revised(values map[string]any) map[string]any {
	if o.Revision != "" {
		values["revision"] = o.Revision
	}
	return values
}

// Render renders one part of Istio, in the order of the chart's file names and
// without comments.
func Render(o Options) ([]*yaml.RNode, error) {
	src, ok := sources[o.Part]
	if !ok {
		return nil, fmt.Errorf("spec.part: found %q; want %s", o.Part, parts)
	}
	setDefault(&o.Hub, Hub)
	setDefault(&o.Tag, Version)
	setDefault(&o.Namespace, v1alpha1.BaseNamespace)

	text, err := src.execute(o)
	if err != nil {
		return nil, fmt.Errorf("chart %s of Istio %s: %s", path.Base(src.chart), Version, oneLine(err))
	}
	objects, err := src.parse(text)
	if err != nil {
		return nil, fmt.Errorf("chart %s of Istio %s: %w", path.Base(src.chart), Version, err)
	}
	if len(objects) == 0 {
		// kustomize takes an empty answer for "delete everything".
		return nil, errors.New("spec.values: these values leave nothing to deploy")
	}
	return objects, nil
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// execute runs the chart's templates: file name to rendered text.
func (s source) execute(o Options) (map[string]string, error) {
	c, err := s.load()
	if err != nil {
		return nil, err
	}
	kube, err := chartcommon.ParseKubeVersion(kubeVersion)
	if err != nil {
		return nil, err
	}
	values, err := util.ToRenderValues(c,
		loader.MergeMaps(s.values(o), o.Values),
		chartcommon.ReleaseOptions{Name: s.release, Namespace: o.Namespace, IsInstall: true},
		&chartcommon.Capabilities{KubeVersion: *kube, APIVersions: chartcommon.DefaultVersionSet})
	if err != nil {
		return nil, err
	}
	return engine.Render(c, values)
}

// load reads the embedded chart.
func (s source) load() (*chart.Chart, error) {
	root, err := fs.Sub(manifests.FS, path.Join("charts", s.chart))
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
	c, err := loader.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	// Istio sets these when it publishes a chart; the module holds a placeholder.
	c.Metadata.Version, c.Metadata.AppVersion = Version, Version
	return c, nil
}

// parse splits rendered text into objects.
func (s source) parse(text map[string]string) ([]*yaml.RNode, error) {
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
			for _, key := range slices.Sorted(maps.Keys(s.labels)) {
				if err := node.PipeE(yaml.SetLabel(key, s.labels[key])); err != nil {
					return nil, fmt.Errorf("chart file %s, as rendered: %w", name, err)
				}
			}
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

package release

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"istio.io/istio/manifests"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// parts are the keys of sources, for errors.
const parts = "common, control-plane, gateway, applications or shared"

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
	// Charts of another version of Istio, in the directory charts, and which
	// version that is. Default: the embedded charts, and Version.
	Charts  fs.FS
	Version string
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
		chart:    "gateway",
		release:  "istio-ingressgateway",
		unlisted: []string{"ownerName"},
		noImage:  "the control plane injects a gateway's image; set it there",
		values:   func(o Options) map[string]any { return o.revised(map[string]any{}) },
		labels:   map[string]string{v1alpha1.PartLabel: string(v1alpha1.PartGateway)},
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
	setDefault(&o.Version, Version)
	setDefault(&o.Hub, Hub)
	setDefault(&o.Tag, o.Version)
	setDefault(&o.Namespace, v1alpha1.BaseNamespace)

	objects, err := src.of(o).Objects()
	if err != nil {
		return nil, err
	}
	if err := twice(objects, o.Values); err != nil {
		return nil, err
	}
	for _, object := range objects {
		for _, key := range slices.Sorted(maps.Keys(src.labels)) {
			if err := object.PipeE(yaml.SetLabel(key, src.labels[key])); err != nil {
				return nil, fmt.Errorf("chart %s of Istio %s: %w", path.Base(src.chart), o.Version, err)
			}
		}
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

// of is the part's chart.
func (s source) of(o Options) Chart {
	if o.Charts == nil {
		o.Charts = manifests.FS
	}
	return Chart{
		FS: o.Charts, Dir: path.Join("charts", s.chart), Release: s.release, Version: o.Version,
		Namespace: o.Namespace, Values: loader.MergeMaps(s.values(o), o.Values),
	}
}

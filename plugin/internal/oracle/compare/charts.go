package main

import (
	"errors"
	"os"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
)

// renderCharts writes to a temporary directory, as manifests of a version, what
// Istio's own charts give that this program holds.
func renderCharts() (subject, error) {
	dir, err := os.MkdirTemp("", "istio-tenancy-compare-*")
	if err != nil {
		return subject{}, err
	}
	s := subject{oracle.Manifests{dir}, "charts of " + release.Version}
	err = os.Mkdir(filepath.Join(dir, s.version), 0o755)
	for file, o := range map[string]release.Options{
		"istio":                           {Namespace: oracle.From},
		oracle.To:                         {Namespace: oracle.To},
		oracle.To + "-" + oracle.Revision: {Namespace: oracle.To, Revision: oracle.Revision},
	} {
		err = errors.Join(err, writeChart(filepath.Join(dir, s.version, file+".yaml"), o))
	}
	if err != nil {
		return subject{}, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func writeChart(path string, o release.Options) error {
	var objects []*yaml.RNode
	for _, o.Part = range []v1alpha1.Part{v1alpha1.PartControlPlane, v1alpha1.PartGateway} {
		rendered, err := release.Render(o)
		if err != nil {
			return err
		}
		objects = append(objects, rendered...)
	}
	text, err := manifest.Write(objects)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

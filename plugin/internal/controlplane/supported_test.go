package controlplane_test

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
)

func TestSupported(t *testing.T) {
	next := semver.MustParse(istio.Newest).IncMinor().String()
	for version, want := range map[string]struct{ warning, err string }{
		"0.6.0":             {err: "Deployment istio-system/istiod: runs Istio 0.6.0: must be 0.7 or newer"},
		"0.7.0":             {},
		"0.7.1":             {},
		istio.Release:       {},
		istio.Newest + ".9": {},
		next:                {warning: "Deployment istio-system/istiod: runs Istio " + next + ", and the newest that this program knows is " + istio.Newest + ": "},
		"2.0.0":             {warning: "Deployment istio-system/istiod: runs Istio 2.0.0, "},
	} {
		plane := controlplane.ControlPlane{
			Deployment: yaml.MustParse("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istiod, namespace: istio-system}\n"),
			Version:    semver.MustParse(version),
		}
		var warnings []string
		err := plane.Supported(func(line string) { warnings = append(warnings, line) })
		if want.err != "" {
			require.EqualError(t, err, want.err)
		} else {
			require.NoError(t, err, version)
		}
		if want.warning == "" {
			require.Empty(t, warnings, version)
		} else {
			require.Len(t, warnings, 1, version)
			require.True(t, strings.HasPrefix(warnings[0], want.warning), warnings[0])
		}
		if want.err == "" {
			require.NoError(t, plane.Supported(nil), "nobody has to listen")
		}
	}
}

// The charts that the program brings are of the newest version that it knows.
func TestNewestIsTheReleases(t *testing.T) {
	own := semver.MustParse(release.Version)
	require.True(t, semver.MustParse(istio.Newest).Equal(semver.New(own.Major(), own.Minor(), 0, "", "")))
}

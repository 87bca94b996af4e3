package upstream_test

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle/upstream"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/upstreamtest"
)

// explained are the fields that shared/manifests, which Helm 3 rendered, has
// otherwise: Helm 3 hands a null of a chart's own values to its templates, and
// Helm 4 hands nothing.
var explained = map[string]string{
	"1.10.6": "data.mesh.rootNamespace",
	"1.4.10": "data.values",
}

// What is made of Istio's modules is what shared/manifests has.
func TestMadeIsWhatUpstreamRenders(t *testing.T) {
	for _, origin := range upstream.Origins {
		t.Run(origin.Name, func(t *testing.T) {
			made, ok := upstreamtest.Made(t, origin.Name)
			if !ok {
				upstreamtest.Path(t, origin.Name)
				t.Skip("there is nothing to compare it with")
			}
			shared, ok := upstreamtest.Shared(t, origin.Name)
			if !ok {
				t.Skipf("only the module proxy has %s", origin.Name)
			}
			sample := strings.HasPrefix(origin.Name, "samples-")
			for name := range upstream.Committed() {
				file, ok := strings.CutPrefix(name, origin.Name+"/")
				if !ok {
					continue
				}
				want, err := os.ReadFile(filepath.Join(shared, file))
				require.NoError(t, err)
				got, err := os.ReadFile(filepath.Join(made, file))
				require.NoError(t, err)
				if sample {
					require.Equal(t, string(want), string(got), file)
					continue
				}
				wanted, _, err := manifest.Read(bytes.NewReader(want), file)
				require.NoError(t, err)
				objects, _, err := manifest.Read(bytes.NewReader(got), file)
				require.NoError(t, err)
				for _, d := range oracle.Diff(wanted, objects) {
					require.Equal(t, explained[origin.Name], d.Path, d.String())
				}
			}
		})
	}
}

// What was made has the committed checksums, whoever made it.
func TestMadeHasTheCommittedChecksums(t *testing.T) {
	for name, sum := range upstream.Committed() {
		version, _, _ := strings.Cut(name, "/")
		if dir, ok := upstreamtest.Made(t, version); ok {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(dir), name))
			require.NoError(t, err)
			require.Equal(t, sum, upstream.Sum(string(text)), name)
		}
	}
}

func TestEveryOriginHasChecksums(t *testing.T) {
	versions := map[string]bool{}
	for name := range upstream.Committed() {
		version, _, _ := strings.Cut(name, "/")
		versions[version] = true
	}
	for _, origin := range upstream.Origins {
		require.True(t, versions[origin.Name], origin.Name)
		require.Regexp(t, `^v0\.0\.0-\d{14}-[0-9a-f]{12}$`, origin.Module)
		delete(versions, origin.Name)
	}
	require.Empty(t, versions)
	for _, version := range oracle.Versions {
		require.True(t, has(version), "no origin of %s", version)
	}
}

func has(version string) bool {
	for _, origin := range upstream.Origins {
		if origin.Name == version {
			return true
		}
	}
	return false
}

func TestAnotherChecksumIsAnError(t *testing.T) {
	sums := upstream.Sums{"1.99/istio.yaml": upstream.Sum("a")}
	require.NoError(t, sums.Check("1.99", map[string]string{"istio.yaml": "a"}))
	require.ErrorContains(t, sums.Check("1.99", map[string]string{"istio.yaml": "b"}),
		`1.99/istio.yaml: The checksum is `+upstream.Sum("b")+`, but manifests.sum has "`+upstream.Sum("a")+`"`)
	require.ErrorContains(t, sums.Check("1.99", map[string]string{"other.yaml": "a"}), `manifests.sum has ""`)
}

func TestTemplatesAreFilledIn(t *testing.T) {
	module := fstest.MapFS{}
	for _, name := range []string{
		"istio-ns", "istio-rbac-beta", "istio-mixer", "istio-config", "istio-pilot", "istio-ingress", "istio-ca",
		"istio-sidecar-injector", "istio-sidecar-injector-configmap-release", "addons/prometheus", "addons/grafana", "addons/servicegraph",
	} {
		at := path.Join("install/kubernetes/templates", name+".yaml.tmpl")
		module[at] = &fstest.MapFile{Data: []byte("a: {ISTIO_NAMESPACE} {PILOT_HUB}/" + name + ":{PILOT_TAG} {PROXY_HUB}/{PROXY_IMAGE} {CA_BUNDLE}\n")}
	}
	origin := upstream.Origins[0]
	require.Equal(t, "0.7.1", origin.Name)
	files, err := origin.Make(module)
	require.NoError(t, err)
	require.Len(t, files, 2, "there are no revisions")
	require.Contains(t, files["istio.yaml"], "a: istio-system docker.io/istio/istio-ns:0.7.1 docker.io/istio/proxy_debug {CA_BUNDLE}\n")
	require.Contains(t, files["istio-system1.yaml"], "a: istio-system1 docker.io/istio/addons/grafana:0.7.1")

	delete(module, "install/kubernetes/templates/istio-ca.yaml.tmpl")
	_, err = origin.Make(module)
	require.ErrorContains(t, err, "istio-ca.yaml.tmpl")
}

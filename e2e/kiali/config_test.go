// Package kiali_test reads the configuration of tenants' Kiali with Kiali's own
// package, of the newest version that the Go module proxy has: 1.89, the last of
// 1.x, which is told what 2.x finds out, and passes over what 2.x alone knows.
package kiali_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/tools"
	"github.com/kiali/kiali/config"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const root = "../.."

func TestMain(m *testing.M) { os.Exit(tools.Main(m, root)) }

// TestKialiReadsItsTenant loads what kustomize prints for the example with
// addons, as that tenant's Kiali would.
func TestKialiReadsItsTenant(t *testing.T) {
	loaded := load(t, filepath.Join(root, "examples/addons"))
	loaded.Server.StaticContentRootDirectory = t.TempDir() // of Kiali's image
	loaded.LoginToken.SigningKey = "0123456789abcdef"      // which 2.x reads from the file that is named
	require.NoError(t, config.Validate(*loaded))
	require.False(t, loaded.Deployment.ClusterWideAccess)
	require.Equal(t, []string{"istio-orders", "orders"}, loaded.Deployment.AccessibleNamespaces)
	require.Equal(t, "istio-orders", loaded.IstioNamespace)
	require.Equal(t, "orders", loaded.Deployment.Namespace)
	services := loaded.ExternalServices
	require.Equal(t, "istio-orders", services.Istio.RootNamespace)
	require.Equal(t, "istio-orders", services.Istio.ConfigMapName)
	require.Equal(t, "istio-sidecar-injector-orders", services.Istio.IstioSidecarInjectorConfigMapName)
	require.Equal(t, "istiod-orders", services.Istio.IstiodDeploymentName)
	require.Equal(t, "http://istiod-orders.istio-orders:15014/version", services.Istio.UrlServiceVersion)
	require.False(t, services.Istio.IstioAPIEnabled, "it reaches into no Pod of istiod's")
	require.Equal(t, "http://prometheus:9090", services.Prometheus.URL)
	require.Equal(t, "http://grafana:3000", services.Grafana.InClusterURL)
	require.Equal(t, "http://tracing:16685/jaeger", services.Tracing.InClusterURL)
	require.Equal(t, config.AuthStrategyToken, loaded.Auth.Strategy)
	// Whatever Kiali would ask by default is in a namespace that may be another's.
	text, err := config.Marshal(loaded)
	require.NoError(t, err)
	require.False(t, strings.Contains(text, ".istio-system"), "Kiali's defaults")
}

// load finds Kiali's configuration in what kustomize prints, and loads it.
func load(t *testing.T, dir string) *config.Config {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("kustomize", "build", "--enable-alpha-plugins", "--enable-exec", dir)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	for _, document := range bytes.Split(out, []byte("\n---\n")) {
		var o struct {
			Kind     string
			Metadata struct{ Name string }
			Data     map[string]string
		}
		require.NoError(t, yaml.Unmarshal(document, &o))
		if o.Kind == "ConfigMap" && o.Metadata.Name == "kiali" {
			loaded, err := config.Unmarshal(o.Data["config.yaml"])
			require.NoError(t, err)
			return loaded
		}
	}
	t.Fatal("no ConfigMap kiali")
	return nil
}

// Package prometheus_test reads the configuration of tenants' Prometheus with
// Prometheus' own package, in a module of its own: it brings half of the cloud.
package prometheus_test

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/tools"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const root = "../.."

func TestMain(m *testing.M) { os.Exit(tools.Main(m, root)) }

// TestEveryDiscoveryNamesTheTenantsNamespaces loads what kustomize prints for
// a tenant, as that tenant's Prometheus would.
func TestEveryDiscoveryNamesTheTenantsNamespaces(t *testing.T) {
	for _, test := range []struct {
		name, control, app string
		dir                func(t *testing.T) string
		least              int
	}{
		{"dev", "istio-system", "ns-0", blog("dev"), 4},
		{"sales", "istio-system1", "ns-1", blog("sales"), 4},
		{"sales over 0.7.1", "istio-system1", "ns-1", over("0.7.1"), 6},
		{"sales over 0.8.0", "istio-system1", "ns-1", over("0.8.0"), 4},
		{"sales over 1.4.10", "istio-system1", "ns-1", over("1.4.10"), 8},
		{"upstream's addon of 1.31 in sales", "istio-system1", "ns-1", addon, 2},
		{"the base's addon in sales", "istio-system1", "ns-1", shipped, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			loaded := load(t, build(t, test.dir(t)))
			discoveries := 0
			for _, job := range loaded.ScrapeConfigs {
				for _, discoverer := range job.ServiceDiscoveryConfigs {
					sd, ok := discoverer.(*kubernetes.SDConfig)
					if !ok {
						continue
					}
					discoveries++
					require.NotEqual(t, kubernetes.RoleNode, sd.Role, job.JobName)
					require.NotEmpty(t, sd.NamespaceDiscovery.Names, job.JobName)
					require.Subset(t, []string{test.control, test.app}, sd.NamespaceDiscovery.Names, job.JobName)
					require.False(t, sd.AttachMetadata.Node, job.JobName)
				}
			}
			require.GreaterOrEqual(t, discoveries, test.least)
			t.Logf("%d jobs, %d discoveries", len(loaded.ScrapeConfigs), discoveries)
		})
	}
}

// load finds prometheus.yml among objects, and loads it.
func load(t *testing.T, objects []map[string]any) *config.Config {
	t.Helper()
	for _, o := range objects {
		data, _ := o["data"].(map[string]any)
		if text, ok := data["prometheus.yml"].(string); ok {
			loaded, err := config.Load(text, slog.New(slog.NewTextHandler(io.Discard, nil)))
			require.NoError(t, err)
			return loaded
		}
	}
	t.Fatal("no prometheus.yml")
	return nil
}

func build(t *testing.T, dir string) []map[string]any {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("kustomize", "build", "--enable-alpha-plugins", "--enable-exec", dir)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var objects []map[string]any
	for _, document := range bytes.Split(out, []byte("\n---\n")) {
		var o map[string]any
		require.NoError(t, yaml.Unmarshal(document, &o))
		objects = append(objects, o)
	}
	return objects
}

func blog(name string) func(*testing.T) string {
	return func(*testing.T) string { return filepath.Join(root, "examples/blog/overlays", name) }
}

// manifest is a file of what upstream renders, one directory a version. Where
// there is none the test is skipped, and with CI=true it fails.
func manifest(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"/.manifests/", "/../shared/manifests/"} {
		if _, err := os.Stat(root + dir + name); err == nil {
			return root + dir + name
		}
	}
	missing := "needs " + name + ", which is neither in .manifests (make manifests) nor in ../shared/manifests"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// over lays sales over a base that split makes of upstream's file.
func over(version string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		file := manifest(t, version+"/istio.yaml")
		dir := t.TempDir()
		out, err := exec.Command("istio-tenancy", "split", "-f", file, "-o", filepath.Join(dir, "base")).CombinedOutput()
		require.NoError(t, err, string(out))
		overlay(t, dir, "resources: [../base/control-plane]\ntransformers: [tenant.yaml]\n")
		return filepath.Join(dir, "overlay")
	}
}

// addon lays sales over current Istio and its Prometheus, whose namespace is
// made that of a base.
func addon(t *testing.T) string {
	t.Helper()
	file, err := os.ReadFile(manifest(t, "samples-1.31/addons/prometheus.yaml"))
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "bases"), os.DirFS(filepath.Join(root, "bases"))))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "addons"), 0o755))
	file = bytes.ReplaceAll(file, []byte("istio-system"), []byte("ISTIO_TENANT_NAMESPACE"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "addons/prometheus.yaml"), file, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "addons/kustomization.yaml"),
		[]byte("resources: [prometheus.yaml]\n"), 0o600))
	overlay(t, dir, "resources: [../bases/istio/control-plane, ../addons]\ntransformers: [tenant.yaml]\n")
	return filepath.Join(dir, "overlay")
}

// shipped lays sales over current Istio and the Prometheus of bases/istio/addons.
func shipped(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "bases"), os.DirFS(filepath.Join(root, "bases"))))
	overlay(t, dir, "resources: [../bases/istio/control-plane, ../bases/istio/addons/prometheus]\ntransformers: [tenant.yaml]\n")
	return filepath.Join(dir, "overlay")
}

// overlay writes the tenant sales.
func overlay(t *testing.T, dir, kustomization string) {
	t.Helper()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "overlay"), os.DirFS(filepath.Join(root, "overlays/sales"))))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay/kustomization.yaml"), []byte(kustomization), 0o600))
}

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// Upstream's manifest names no namespace in its objects, but where it means argocd.
func TestThePatchesFitArgoCD(t *testing.T) {
	c := claims(t, "The components of examples/argocd fit Argo CD's own install.yaml, next to its namespace and over manifests that contain it")
	source, err := newCheckout(t.TempDir())
	require.NoError(t, err)
	original, err := os.ReadFile(filepath.Join(binaries["argo-cd-manifests"], "install.yaml"))
	require.NoError(t, err)
	plain := filepath.Join(source.Dir, "plain")
	require.NoError(t, os.MkdirAll(plain, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(plain, "install.yaml"), original, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(plain, "kustomization.yaml"), []byte("namespace: argocd\nresources: [install.yaml]\n"), 0o600))
	for name, text := range map[string]string{
		"beside": "namespace: argocd\nresources: [install.yaml]\n",
		"over":   "resources: [../plain]\n",
	} {
		for components, check := range map[string]func(*testing.T, []*cluster.Object){
			"plugin, impersonation": func(t *testing.T, objects []*cluster.Object) {
				server := named(t, objects, "Deployment", "argocd-repo-server")
				require.Subset(t, containerNames(t, server, "containers"), []string{"istio-tenancy", "argocd-repo-server"})
				plugin := named(t, objects, "ConfigMap", "istio-tenancy-plugin")
				volumes, err := yaml.Marshal(server.Object["spec"])
				require.NoError(t, err)
				require.Contains(t, string(volumes), "name: "+plugin.GetName()+"\n", "the volume names the ConfigMap")
				require.Equal(t, "argocd", plugin.GetNamespace())
				require.Equal(t, "true", data(t, objects)["application.sync.impersonation.enabled"])
				named(t, objects, "ServiceAccount", "tenancy")
			},
			"build-options": func(t *testing.T, objects []*cluster.Object) {
				require.Contains(t, containerNames(t, named(t, objects, "Deployment", "argocd-repo-server"), "initContainers"), "istio-tenancy")
				require.Equal(t, "--enable-alpha-plugins --enable-exec", data(t, objects)["kustomize.buildOptions"])
			},
		} {
			c.check(name+": "+components, func(t *testing.T) {
				dir := filepath.Join(source.Dir, name)
				require.NoError(t, os.MkdirAll(dir, 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, "install.yaml"), original, 0o600))
				lines := text + "components:\n"
				for component := range strings.SplitSeq(components, ", ") {
					lines += "- ../examples/argocd/" + component + "\n"
				}
				require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(lines), 0o600))
				out, err := source.Build(dir)
				require.NoError(t, err)
				objects := parse(t, string(out))
				for _, o := range objects {
					if o.GetKind() == "Deployment" || o.GetKind() == "ConfigMap" {
						require.Equal(t, "argocd", o.GetNamespace(), o.GetName())
					}
				}
				check(t, objects)
			})
		}
	}
}

// named is the object of a name, which a hash may follow.
func named(t *testing.T, objects []*cluster.Object, kind, name string) *cluster.Object {
	t.Helper()
	i := slices.IndexFunc(objects, func(o *cluster.Object) bool { return o.GetKind() == kind && strings.HasPrefix(o.GetName(), name) })
	require.GreaterOrEqual(t, i, 0, "%s %s", kind, name)
	return objects[i]
}

func containerNames(t *testing.T, deployment *cluster.Object, field string) []string {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", field)
	require.NoError(t, err)
	var names []string
	for _, c := range containers {
		names = append(names, c.(map[string]any)["name"].(string))
	}
	return names
}

func data(t *testing.T, objects []*cluster.Object) map[string]string {
	t.Helper()
	found, _, err := unstructured.NestedStringMap(named(t, objects, "ConfigMap", "argocd-cm").Object, "data")
	require.NoError(t, err)
	return found
}

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTheRenderedObjectsApplyCleanlyAndASecondApplyChangesNothing(t *testing.T) {
	c := claims(t, "kustomize's output applies cleanly, server-side and strictly. A second apply, after istiod has run, changes nothing")
	w := theWorld(t)
	c.note("Common base, %d objects, five tenants and five istiods: up in %.0f s.", len(w.common), w.took.Seconds())
	c.check("common again", func(t *testing.T) {
		require.NotZero(t, typed(t, w.cluster.Admin, w.common))
		unchanged(t, w.cluster, w.common)
	})
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		c.check(name, func(t *testing.T) {
			require.NoError(t, tenant.applied)
			require.Len(t, tenant.stored, len(tenant.objects))
		})
		c.check(name+" again", func(t *testing.T) {
			settled(t, w.cluster, tenant)
			unchanged(t, w.cluster, tenant.objects)
		})
	}
}

// unchanged applies objects again, without force, and compares what is stored.
func unchanged(t *testing.T, c *cluster.Cluster, objects []*cluster.Object) {
	t.Helper()
	before := map[string]string{}
	for _, object := range objects {
		stored, err := c.Admin.Read(object)
		require.NoError(t, err)
		before[cluster.ID(object)] = saying(t, stored)
	}
	after, err := c.Admin.Apply(objects)
	require.NoError(t, err)
	var changed []string
	for _, object := range after {
		if before[cluster.ID(object)] != saying(t, object) {
			changed = append(changed, cluster.ID(object))
		}
	}
	require.Empty(t, changed, "a second apply changed these")
}

// saying is what an object says. Its status is what controllers say of it, and
// when they have written that, the API server sorts anew who manages which field.
func saying(t *testing.T, object *cluster.Object) string {
	t.Helper()
	o := object.DeepCopy()
	o.SetManagedFields(nil)
	o.SetResourceVersion("")
	delete(o.Object, "status")
	text, err := json.Marshal(o.Object)
	require.NoError(t, err)
	return string(text)
}

// typed waits until Kubernetes has written into the policies' status what it
// thinks of their expressions, which is to be nothing, and counts them.
func typed(t *testing.T, client *cluster.Client, objects []*cluster.Object) (policies int) {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() != "ValidatingAdmissionPolicy" {
			continue
		}
		policies++
		require.NoError(t, cluster.Eventually(patience, func() error {
			policy, err := client.Read(object)
			if err != nil {
				return err
			}
			checked, done, _ := unstructured.NestedMap(policy.Object, "status", "typeChecking")
			if !done {
				return fmt.Errorf("%s: not looked at yet", cluster.ID(policy))
			}
			require.Empty(t, checked, policy.GetName())
			return nil
		}))
	}
	return policies
}

// settled waits until istiod has written its certificate into its webhooks.
func settled(t *testing.T, c *cluster.Cluster, tenant *tenant) {
	t.Helper()
	for _, object := range tenant.objects {
		if !strings.HasSuffix(object.GetKind(), "WebhookConfiguration") {
			continue
		}
		require.NoError(t, cluster.Eventually(patience, func() error {
			stored, err := c.Admin.Read(object)
			if err != nil {
				return err
			}
			return everyWebhook(stored, func(webhook map[string]any) error {
				if config, _ := webhook["clientConfig"].(map[string]any); config["caBundle"] == nil {
					return fmt.Errorf("%s: webhook %s has no caBundle", cluster.ID(stored), webhook["name"])
				}
				return nil
			})
		}))
	}
}

func everyWebhook(object *cluster.Object, f func(map[string]any) error) error {
	webhooks, _ := object.Object["webhooks"].([]any)
	for _, webhook := range webhooks {
		if err := f(webhook.(map[string]any)); err != nil {
			return err
		}
	}
	return nil
}

// manifestsEnv is a folder with VERSION/istio.yaml, Istio's manifests as
// upstream renders them; they are in no repository.
const manifestsEnv = "ISTIO_MANIFESTS"

// manifestOf is a version's istio.yaml. Where there is none the test is skipped,
// and with CI=true it fails.
func manifestOf(t *testing.T, version string) string {
	t.Helper()
	dirs := []string{"../.manifests", "../../shared/manifests"} // the first is make manifests'
	if dir := os.Getenv(manifestsEnv); dir != "" {
		dirs = []string{dir}
	}
	for _, dir := range dirs {
		file, err := filepath.Abs(filepath.Join(dir, version, "istio.yaml"))
		require.NoError(t, err)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	missing := fmt.Sprintf("no upstream manifest of %s in %s: set %s", version, strings.Join(dirs, ", "), manifestsEnv)
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

func TestBasesThatWereSplitFromUpstreamManifestsApplyCleanly(t *testing.T) {
	c := claims(t, "Bases that `istio-tenancy split` creates from upstream's manifests apply cleanly as well")
	for _, version := range []string{"1.31.0-rc.0", "1.24.6"} {
		manifest := manifestOf(t, version)
		c.check(version, func(t *testing.T) {
			dir := t.TempDir()
			command, err := filepath.Abs(filepath.Join(tools, "istio-tenancy"))
			require.NoError(t, err)
			split := exec.Command(command, "split", "-f", manifest, "-o", filepath.Join(dir, "base"))
			out, err := split.CombinedOutput()
			require.NoError(t, err, string(out))
			source, err := newCheckout(dir)
			require.NoError(t, err)
			for _, name := range []string{"dev", "sales"} {
				kustomization := filepath.Join(dir, "overlays", name, "kustomization.yaml")
				text, err := os.ReadFile(kustomization)
				require.NoError(t, err)
				text = []byte(strings.ReplaceAll(string(text), "../../bases/istio/", "../../base/"))
				require.NoError(t, os.WriteFile(kustomization, text, 0o644))
			}
			plain, err := cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "split-"+version)})
			require.NoError(t, err)
			defer plain.Stop()
			for _, folder := range []string{"base/common", "overlays/dev", "overlays/sales"} {
				objects, err := source.Render(folder)
				require.NoError(t, err, folder)
				_, err = plain.Admin.Apply(objects)
				require.NoError(t, err, folder)
			}
		})
	}
}

package flux_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestFromZero(t *testing.T) {
	c := claims(t, "From an empty cluster with Flux, locked down, one `kubectl apply -k examples/flux` makes everything ready without a further step")
	w := theWorld(t)
	begin := time.Now()
	c.Check("it applies", func(t *testing.T) {
		out, err := w.Node.Cluster.Kubectl(cluster.ClusterAdmin, "apply", "-k", filepath.Join(w.Platform.Dir, "examples/flux"))
		require.NoError(t, err, out)
	})
	commit, err := w.Platform.Git("rev-parse", "HEAD")
	require.NoError(t, err)
	for _, name := range ofThePlatform {
		c.Check("Kustomization "+name, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return w.at(name, commit) }))
		})
	}
	c.Note("from zero to all tenants ready: %.0f s", time.Since(begin).Seconds())
	for tenant, namespace := range applicationNamespaces {
		c.Check("the applications of "+tenant, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				object, err := w.admin().Get(kustomizations(namespace) + "/applications")
				if err != nil {
					return err
				}
				return cluster.MustBe(object, "Ready")
			}))
		})
	}
	c.Check("Flux' controllers run with the flags", func(t *testing.T) {
		require.NoError(t, w.reconciled("flux-system"))
		for name, flags := range map[string][]string{
			"kustomize-controller": {"--no-cross-namespace-refs=true", "--default-service-account=default", "--no-remote-bases=true"},
		} {
			d, err := w.admin().Get("/apis/apps/v1/namespaces/flux-system/deployments/" + name)
			require.NoError(t, err)
			containers, _, _ := unstructured.NestedSlice(d.Object, "spec", "template", "spec", "containers")
			for _, flag := range flags {
				require.Contains(t, containers[0].(map[string]any)["args"], flag)
			}
		}
	})
}

func TestASecondReconciliationChangesNothing(t *testing.T) {
	c := claims(t, "After all istiods have run, another reconciliation writes nothing")
	w := fromZero(t)
	for _, name := range ofTheTenants {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.Certified(name) }), name)
	}
	for _, name := range ofThePlatform {
		before, err := w.inventory(name)
		require.NoError(t, err)
		if err := w.reconciled(name); !c.Verify(err == nil, "Kustomization %s: %v", name, err) {
			continue
		}
		for _, object := range before {
			after, err := w.admin().Read(object)
			if err == nil {
				err = same(object, after)
			}
			c.Verify(err == nil, "%v", err)
		}
	}
}

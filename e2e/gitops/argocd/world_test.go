package argocd_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/istio-tenancy/istio-tenancy/e2e/image"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// patience is for what is usually there within seconds, on a busy machine.
const patience = 10 * time.Minute

// world is a node on which Argo CD runs, with plugin/ and impersonation/ over its own
// manifests. The first test that asks for it starts it.
type world struct {
	*gitops.World
	once sync.Once
	err  error

	zero    sync.Once
	zeroErr error
}

var shared world

// theWorld is an empty cluster, but for Argo CD.
func theWorld(t testing.TB) *world {
	t.Helper()
	w := &shared
	w.once.Do(func() { w.err = w.start(t) })
	require.NoError(t, w.err)
	return w
}

func (w *world) start(t testing.TB) error {
	begin := time.Now()
	all, err := images(t.TempDir())
	if err != nil {
		return err
	}
	plugin, err := image.Open(pluginFolder)
	if err != nil {
		return err
	}
	all = append(all, node.Image{Name: pluginImage, Root: plugin.Root, Entrypoint: plugin.Entrypoint, User: fmt.Sprint(plugin.User)})
	if w.World, err = gitops.Start(gitops.Options{Programs: binaries, Images: all}); err != nil {
		return err
	}
	t.Logf("the node is ready after %s", time.Since(begin).Round(time.Second))
	objects, err := installed(w.World)
	if err != nil {
		return err
	}
	if *over != "" {
		const list = "namespace: argocd\n"
		if err := w.Platform.Edit("examples/argocd/kustomization.yaml", list, list+"components: ["+*over+"]\n"); err != nil {
			return err
		}
	}
	if _, err := w.Platform.Commit("Install Argo CD", nil); err != nil {
		return err
	}
	if _, err := w.admin().Apply(objects); err != nil {
		return fmt.Errorf("apply Argo CD: %w", err)
	}
	for _, name := range []string{"argocd-redis", "argocd-repo-server", "argocd-applicationset-controller"} {
		if err := w.Node.Available("argocd", name, patience); err != nil {
			return err
		}
	}
	if err := cluster.Eventually(patience, w.controls); err != nil {
		return err
	}
	t.Logf("Argo CD runs after %s", time.Since(begin).Round(time.Second))
	return nil
}

// controls says whether the application controller, a StatefulSet, has its Pod ready.
func (w *world) controls() error {
	set, err := w.admin().Get("/apis/apps/v1/namespaces/argocd/statefulsets/argocd-application-controller")
	if err != nil {
		return err
	}
	if ready, _, _ := unstructured.NestedFloat64(set.Object, "status", "readyReplicas"); ready < 1 {
		return fmt.Errorf("%s: no Pod is ready", cluster.ID(set))
	}
	return nil
}

func (w *world) stop() {
	if w.World != nil {
		w.Stop()
	}
}

func (w *world) admin() *cluster.Client { return w.Node.Cluster.Admin }

// fromZero applies examples/argocd, once.
func (w *world) fromZero() error {
	w.zero.Do(func() {
		out, err := w.Node.Cluster.Kubectl(cluster.ClusterAdmin, "apply", "-n", "argocd", "-k", filepath.Join(w.Platform.Dir, "examples/argocd"))
		if err != nil {
			w.zeroErr = fmt.Errorf("%w: %s", err, out)
		}
	})
	return w.zeroErr
}

// theTenants is theWorld after examples/argocd was applied and every tenant synced.
func theTenants(t testing.TB) *world {
	t.Helper()
	w := theWorld(t)
	require.NoError(t, w.fromZero())
	for _, name := range shipped {
		require.NoError(t, cluster.Eventually(patience, func() error {
			// At what a test before this one has broken, Argo CD by itself looks again minutes later.
			if _, err := w.application(name); err == nil && w.settled(name) != nil {
				if err := w.refresh(name, "normal"); err != nil {
					return err
				}
			}
			return w.settled(name)
		}), name)
	}
	return w
}

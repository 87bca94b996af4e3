package flux_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/stretchr/testify/require"
)

// patience is for what is usually there within seconds, on a busy machine.
const patience = 5 * time.Minute

// world is a node on which Flux runs, with lockdown/ and newest-commit/ over its own
// manifests. The first test that asks for it starts it.
type world struct {
	*gitops.World
	once sync.Once
	err  error
	// apply applies examples/flux, with the error applied.
	apply   sync.Once
	applied error
}

var shared world

// theWorld is an empty cluster, but for Flux, until a test applies examples/flux.
func theWorld(t testing.TB) *world {
	t.Helper()
	w := &shared
	w.once.Do(func() { w.err = w.start(t) })
	require.NoError(t, w.err)
	return w
}

func (w *world) start(t testing.TB) (err error) {
	begin := time.Now()
	var images []node.Image
	for _, name := range controllers {
		images = append(images, node.Image{Name: "ghcr.io/fluxcd/" + name + ":" + version, Program: binaries[name], User: "65534"})
	}
	if w.World, err = gitops.Start(gitops.Options{Programs: binaries, Images: images}); err != nil {
		return err
	}
	t.Logf("the node is ready after %s", time.Since(begin).Round(time.Second))
	if err := bootstrap(w.World, strings.Split(*components, ",")...); err != nil {
		return err
	}
	if _, err := w.Platform.Commit("Bootstrap Flux", nil); err != nil {
		return err
	}
	text, err := w.Build(bootstrapped)
	if err != nil {
		return err
	}
	objects, err := cluster.Parse(text)
	if err != nil {
		return err
	}
	if _, err := w.admin().Apply(objects); err != nil {
		return fmt.Errorf("apply Flux: %w", err)
	}
	for _, name := range controllers {
		if err := w.Node.Available("flux-system", name, patience); err != nil {
			return err
		}
	}
	t.Logf("Flux runs after %s", time.Since(begin).Round(time.Second))
	return nil
}

func (w *world) stop() {
	if w.World != nil {
		w.Stop()
	}
}

func (w *world) admin() *cluster.Client { return w.Node.Cluster.Admin }

var (
	ofTheTenants          = []string{"dev", "sales"}
	applicationNamespaces = map[string]string{"dev": "ns-0", "sales": "ns-1"}
)

// fromZero is theWorld when examples/flux has been applied and every tenant is ready.
func fromZero(t testing.TB) *world {
	t.Helper()
	w := theWorld(t)
	w.apply.Do(func() {
		out, err := w.Node.Cluster.Kubectl(cluster.ClusterAdmin, "apply", "-k", filepath.Join(w.Platform.Dir, "examples/flux"))
		if err != nil {
			w.applied = fmt.Errorf("%w: %s", err, out)
		}
	})
	require.NoError(t, w.applied)
	for _, name := range ofThePlatform {
		require.NoError(t, cluster.Eventually(patience, func() error {
			object, err := w.admin().Get(kustomization(name))
			if err != nil {
				return err
			}
			return cluster.MustBe(object, "Ready")
		}))
	}
	return w
}

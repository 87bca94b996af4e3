package flux_test

import (
	"errors"
	"fmt"
	"net/http"
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

// world is a node on which Flux runs, with lockdown/ over its own manifests. The first
// test that asks for it starts it.
type world struct {
	*gitops.World
	once sync.Once
	err  error
}

var shared world

// theWorld is an empty cluster, but for Flux, until a test applies examples/flux.
func theWorld(t *testing.T) *world {
	t.Helper()
	w := &shared
	w.once.Do(func() { w.err = w.start(t) })
	require.NoError(t, w.err)
	return w
}

func (w *world) start(t *testing.T) (err error) {
	begin := time.Now()
	var images []node.Image
	for _, name := range controllers {
		images = append(images, node.Image{Name: "ghcr.io/fluxcd/" + name + ":" + version, Program: binaries[name], User: "65534"})
	}
	if w.World, err = gitops.Start(gitops.Options{Programs: binaries, Images: images}); err != nil {
		return err
	}
	t.Logf("the node is ready after %s", time.Since(begin).Round(time.Second))
	if err := bootstrap(w.World, "lockdown"); err != nil {
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

// kustomizations is the path of Flux' Kustomizations of a namespace.
func kustomizations(namespace string) string {
	return "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/" + namespace + "/kustomizations"
}

// reconcile asks for an object to be reconciled at once, as Flux' command does.
func (w *world) reconcile(path string) error {
	body := fmt.Sprintf(`{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q}}}`, time.Now().Format(time.RFC3339Nano))
	answer, err := w.admin().Do(http.MethodPatch, path, body)
	return errors.Join(err, answer.Error())
}

package node_test

import (
	"fmt"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A hanging istiod is one that is not asked any more, and it comes back by itself.
func TestPodsThatHang(t *testing.T) {
	c := claims(t, "An istiod that hangs stops being ready, and gets no more requests. When it continues, it is ready again")
	turn(c, &lanes.hung, &lanes.dev)
	w := theEnforcedWorld(t)
	theMeshes(t, w) // whose Pods need istiod to start
	tenant := w.tenants["dev"]
	pod := w.istiodPod(t, "dev")
	p, err := w.node.Process(tenant.controlPlane, pod.GetName(), "discovery")
	require.NoError(t, err)
	require.NoError(t, unix.Kill(p.ID, unix.SIGSTOP))
	defer unix.Kill(p.ID, unix.SIGCONT)
	ready := func(want string) error {
		return cluster.Eventually(patience, func() error {
			if got := cluster.Condition(w.istiodPod(t, "dev"), "Ready"); got != want {
				return fmt.Errorf("Ready is %q, but must be %q", got, want)
			}
			return nil
		})
	}
	c.Check("it is not ready", func(t *testing.T) { require.NoError(t, ready("False")) })
	c.Check("its Service leads to nobody", func(t *testing.T) { require.NoError(t, w.endpointReady(tenant, false)) })
	c.Check("what it would validate is refused", func(t *testing.T) { require.Error(t, w.validates(tenant)) })
	require.NoError(t, unix.Kill(p.ID, unix.SIGCONT))
	c.Check("it is ready again", func(t *testing.T) { require.NoError(t, ready("True")) })
	c.Check("its Service leads to it", func(t *testing.T) { require.NoError(t, w.endpointReady(tenant, true)) })
	c.Check("it has not been restarted", func(t *testing.T) {
		require.Equal(t, restarts(pod, "discovery"), restarts(w.istiodPod(t, "dev"), "discovery"))
	})
	c.Check("it validates", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.validates(tenant) }))
	})
}

// endpointReady waits until the Service of istiod leads to it, or does not.
func (w *world) endpointReady(tenant *tenant, want bool) error {
	return cluster.Eventually(patience, func() error {
		slices, err := w.node.Cluster.Admin.Items("/apis/discovery.k8s.io/v1/namespaces/" + tenant.controlPlane +
			"/endpointslices?labelSelector=kubernetes.io/service-name=" + tenant.istiod())
		if err != nil {
			return err
		}
		ready := 0
		for _, s := range slices {
			all, _, _ := unstructured.NestedSlice(s.Object, "endpoints")
			for _, e := range all {
				if is, _, _ := unstructured.NestedBool(e.(map[string]any), "conditions", "ready"); is {
					ready++
				}
			}
		}
		if (ready > 0) != want {
			return fmt.Errorf("Service %s/%s has %d endpoints that are ready", tenant.controlPlane, tenant.istiod(), ready)
		}
		return nil
	})
}

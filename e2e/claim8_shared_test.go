package e2e

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
)

// leftOut are the objects that are in one build of a tenant and not in the next: what a
// GitOps tool prunes, and an administrator deletes.
func leftOut(before, after []*cluster.Object) (left []*cluster.Object) {
	for _, object := range before {
		if !slices.ContainsFunc(after, func(o *cluster.Object) bool { return cluster.ID(o) == cluster.ID(object) }) {
			left = append(left, object)
		}
	}
	return left
}

func ids(objects []*cluster.Object) (all []string) {
	for _, object := range objects {
		all = append(all, cluster.ID(object))
	}
	return all
}

// As docs/models.md says, and with what it says that breaks on the way.
func TestATenantMovesFromASharedMeshToItsOwnAndBack(t *testing.T) {
	c := claims(t, "A tenant moves from a shared mesh to its own control plane and back by a change of its file and of the base in its overlay. The interruptions are those that docs/models.md describes, and no other tenant is affected")
	w, m := theMesh(t)
	admin, invoices := w.cluster.Admin, m.tenants["invoices"]
	const overlay = "../examples/shared/invoices" // beside overlays/
	render := func() []*cluster.Object {
		objects, err := w.source.Render("examples/shared/invoices")
		require.NoError(t, err)
		return objects
	}
	others := m.settled(t, w)
	old, err := proxyIn(m.host.istiod, "invoices") // with a token that it has from before
	require.NoError(t, err)
	proxy := proxyOf(t, w, "invoices", "details")
	told := func(caller xds.Caller) (string, error) { // its clusters
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		response, err := caller.First(ctx, proxy, xds.Clusters)
		return response.String(), err
	}

	text, err := told(old)
	require.NoError(t, errors.Join(err, contains(text, "reviews.invoices")))

	require.NoError(t, w.source.Edit(overlay, "  mesh: shared\n", ""))
	require.NoError(t, w.source.EditKustomization(overlay, "bases/istio/shared", "bases/istio/control-plane"))
	dedicated := render()
	var own *cluster.Istiod
	c.check("it gets a control plane of its own", func(t *testing.T) {
		_, err := admin.Apply(dedicated)
		require.NoError(t, err)
		leaves := leftOut(invoices.objects, dedicated)
		require.ElementsMatch(t, []string{"RoleBinding invoices/istiod-member-shared", "Sidecar invoices/tenant-partition"}, ids(leaves))
		require.NoError(t, admin.Delete(leaves))
		own, err = w.cluster.StartIstiod(dedicated)
		require.NoError(t, err)
	})
	require.NotNil(t, own)
	c.check("what breaks: a Pod that was there is told at once that its tenant's Services are gone", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			text, err := told(old)
			if err == nil && strings.Contains(text, "reviews.invoices") {
				err = errors.New("it is told of them still")
			}
			return err
		}))
	})
	c.check("what breaks: it gets no further token for the shared mesh, and the shared istiod's certificates are good in that mesh alone", func(t *testing.T) {
		_, err := w.cluster.ServiceAccountToken("invoices", "default", m.host.istiod.Audience)
		require.ErrorContains(t, err, "istio-tenancy-tokens")
		moved, err := proxyIn(own, "invoices")
		require.NoError(t, err)
		for _, row := range []struct {
			caller xds.Caller
			own    *cluster.Istiod
			other  *cluster.Istiod
			domain string
		}{{old, m.host.istiod, own, "shared.mesh"}, {moved, own, m.host.istiod, "invoices.mesh"}} {
			certificate, err := row.caller.Sign(t.Context(), "")
			require.NoError(t, err)
			require.Equal(t, "spiffe://"+row.domain+"/ns/invoices/sa/default", certificate.Leaf.URIs[0].String())
			for istiod, good := range map[*cluster.Istiod]bool{row.own: true, row.other: false} {
				roots, err := istiod.Roots()
				require.NoError(t, err)
				_, err = certificate.Leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
				require.Equal(t, good, err == nil, "%v", err)
			}
		}
	})
	restart := func(t *testing.T, istiod *cluster.Istiod) {
		t.Helper()
		require.NoError(t, admin.Delete(podsOf(t, w, "invoices")))
		require.NoError(t, cluster.Eventually(patience, func() error {
			if err := w.cluster.RunPods(); err != nil {
				return err
			}
			pods := podsOf(t, w, "invoices")
			for _, pod := range pods {
				if rev := pod.GetLabels()["service.istio.io/canonical-name"]; rev == "" || pod.GetDeletionTimestamp() != nil {
					return fmt.Errorf("Pod %s is not injected, or ends", pod.GetName())
				}
				if text := jsonOf(t, pod.Object["spec"]); !strings.Contains(text, istiod.Audience) {
					return fmt.Errorf("Pod %s has no token for %s", pod.GetName(), istiod.Audience)
				}
			}
			if len(pods) != 6 {
				return fmt.Errorf("%d Pods, not 6", len(pods))
			}
			snapshot, err := askIstiod(istiod, proxyOf(t, w, "invoices", "details"), "9080")
			if err != nil {
				return err
			}
			return sees(snapshot, reviewsOf("invoices"))
		}))
	}
	c.check("Pods that are made anew are of its own mesh, and see their tenant", func(t *testing.T) { restart(t, own) })
	unnoticed := func(t *testing.T) {
		t.Helper()
		now, err := m.view(t, w)
		require.NoError(t, err)
		require.Equal(t, others, now)
		registry, err := own.Debug("/debug/registryz")
		require.NoError(t, err)
		require.NoError(t, names(append(m.others("invoices"), "istio-ingress"), string(registry)))
	}
	c.check("nobody else notices", unnoticed)

	require.NoError(t, w.source.Edit(overlay, "spec:\n", "spec:\n  mesh: shared\n"))
	require.NoError(t, w.source.EditKustomization(overlay, "bases/istio/control-plane", "bases/istio/shared"))
	c.check("it goes back, and nothing of its own control plane is left", func(t *testing.T) {
		shared := render()
		require.ElementsMatch(t, ids(invoices.objects), ids(shared))
		_, err := admin.Apply(shared)
		require.NoError(t, err)
		unnoticed(t)
		require.NoError(t, admin.Delete(leftOut(dedicated, shared)))
		own.Stop()
		require.NoError(t, cluster.Eventually(patience, func() error {
			var errs []error
			if err := w.cluster.RunPods(); err != nil { // which have to end
				errs = append(errs, err)
			}
			for _, object := range leftOut(dedicated, shared) {
				path, err := admin.Path(object)
				require.NoError(t, err)
				errs = append(errs, admin.Gone(path))
			}
			return errors.Join(errs...)
		}))
	})
	c.check("Pods that are made anew are of the shared mesh again", func(t *testing.T) { restart(t, m.host.istiod) })
}

// podsOf are those of a namespace.
func podsOf(t *testing.T, w *world, namespace string) []*cluster.Object {
	t.Helper()
	pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods")
	require.NoError(t, err)
	for _, pod := range pods {
		pod.SetAPIVersion("v1")
		pod.SetKind("Pod")
	}
	return pods
}

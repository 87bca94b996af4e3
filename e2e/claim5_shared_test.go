package e2e

import (
	"errors"
	"fmt"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
)

func TestAProxyOfASharedMeshSeesItsOwnTenant(t *testing.T) {
	c := claims(t, "In a mesh that two tenants share, a proxy, including one that claims to be a gateway, sees only its own tenant. It requires mutual TLS and denies other tenants. The shared istiod and those of tenants with their own control plane know nothing of one another")
	w, m := theMesh(t)
	c.note("The shared istiod, its gateway and two tenants: %.0f s.", m.took.Seconds())
	for _, of := range []*tenant{m.host, m.tenants["parcel"], m.tenants["invoices"]} {
		c.check(of.name+" is applied, and a second apply changes nothing", func(t *testing.T) {
			require.NoError(t, of.applied)
			unchanged(t, w.cluster, of.objects)
		})
	}
	for _, of := range append([]*tenant{m.host}, w.others("")...) {
		all, own, err := of.istiod.Discovery.Memory()
		require.NoError(t, err)
		c.note("istiod of %s: %.0f MiB, of which %.0f are its own and no pages of its file.", of.name, all, own)
	}
	var dedicated []string
	for _, of := range w.tenants {
		dedicated = append(dedicated, of.namespaces()...)
	}
	var own []string
	for _, of := range m.tenants {
		own = append(own, of.applications...)
		for _, namespace := range of.applications {
			for _, gateway := range []bool{false, true} {
				c.check(fmt.Sprintf("a proxy in %s, gateway: %t", namespace, gateway), func(t *testing.T) {
					require.NoError(t, cluster.Eventually(patience, func() error {
						snapshot, text, err := m.seen(t, w, namespace, gateway)
						if err != nil {
							return err
						}
						if !gateway {
							if err := walled(snapshot); err != nil {
								return err
							}
							if len(snapshot[xds.Routes]) == 0 {
								return errors.New("no routes")
							}
						}
						return errors.Join(sees(snapshot, reviewsOf(namespace)), names(m.others(of.name), text), names(dedicated, text))
					}))
				})
			}
		}
	}
	c.check("parcel's namespaces see what one exports to the other", func(t *testing.T) {
		snapshot, _, err := m.seen(t, w, "parcel-db", false)
		require.NoError(t, err)
		require.NotNil(t, snapshot.Cluster("outbound|80||web.parcel-web.svc.cluster.local"))
		require.Nil(t, snapshot.Cluster(reviewsOf("parcel-web")), "which is exported to nobody")
	})
	c.check("the shared istiod's registry", func(t *testing.T) {
		registry, err := m.host.istiod.Debug("/debug/registryz")
		require.NoError(t, err)
		require.NoError(t, names(dedicated, string(registry)))
		require.Contains(t, string(registry), "reviews.invoices.svc.cluster.local")
	})
	for _, name := range tenantNames {
		c.check(name+"'s istiod's registry", func(t *testing.T) {
			registry, err := w.tenants[name].istiod.Debug("/debug/registryz")
			require.NoError(t, err)
			require.NoError(t, names(append(own, m.host.namespaces()...), string(registry)))
		})
	}
	c.check("the shared gateway has the route of the tenant that the cluster administrator has given the host, and sees what is exported to it", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			snapshot, err := m.atGateway(t, w)
			if err != nil {
				return err
			}
			text, err := snapshot.Text()
			if err != nil {
				return err
			}
			if snapshot.Cluster("outbound|80||web.parcel-web.svc.cluster.local") == nil {
				return errors.New("no cluster of web")
			}
			return errors.Join(contains(text, "parcel.example.com"), names([]string{"invoices", "parcel-db"}, text))
		}))
	})
}

// Each wall, with the others taken away: what an object says of who sees it, and the
// Sidecars. The policy on what tenants write is away throughout, or they could not.
func TestEachWallOfASharedMesh(t *testing.T) {
	c := claims(t, "For comparison: without the protection of a shared mesh, a proxy sees another tenant. The exported Services and the Sidecars each hide it without the other; from a proxy that claims to be a gateway, only the first does")
	w, m := theMesh(t)
	admin := w.cluster.Admin
	service := func(exportTo string) []*cluster.Object {
		return parse(t, fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: open, namespace: parcel-web, annotations: {networking.istio.io/exportTo: %q}}, spec: {selector: {app: reviews}, ports: [{name: http, port: 9080}]}}", exportTo))
	}
	wide := parse(t, `{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: wide, namespace: invoices}, spec: {workloadSelector: {labels: {app: details}}, egress: [{hosts: ["*/*"]}]}}`)
	const open = "outbound|9080||open.parcel-web.svc.cluster.local"
	defer func() { require.NoError(t, admin.Delete(append(service(""), wide...))) }()
	is := func(t *testing.T, gateway, seen bool) {
		t.Helper()
		require.NoError(t, cluster.Eventually(patience, func() error {
			snapshot, _, err := m.seen(t, w, "invoices", gateway)
			if err == nil && (snapshot.Cluster(open) != nil) != seen {
				err = fmt.Errorf("seen: %t", !seen)
			}
			return err
		}))
	}
	withoutPolicy(t, w, "istio-tenancy-mesh", func() {
		require.NoError(t, put(w.cluster.As("parcel-admin"), service("*")))
		c.check("exported to all: what says that it is a gateway sees it", func(t *testing.T) { is(t, true, true) })
		c.check("exported to all: a sidecar does not", func(t *testing.T) { is(t, false, false) })
		require.NoError(t, put(w.cluster.As("invoices-admin"), wide))
		c.check("exported to all, with a Sidecar that imports all: a sidecar sees it", func(t *testing.T) { is(t, false, true) })
		require.NoError(t, put(w.cluster.As("parcel-admin"), service("")))
		c.check("with a Sidecar that imports all: a sidecar does not", func(t *testing.T) { is(t, false, false) })
		c.check("nor does what says that it is a gateway", func(t *testing.T) { is(t, true, false) })
	})
}

package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
)

// After what would lose an event, istiod knows what the API server holds: made,
// changed and deleted while nobody was told.
func TestAKilledProxyLosesNothing(t *testing.T) {
	c := claims(t, "If an API proxy is killed while objects change, or if istiod restarts next to it, no change is lost")
	w := theWorld(t)
	fin := w.tenants["fin"]
	w.everything(t, fin)
	direct := w.direct(t, fin)
	service := func(name string, port int) []*cluster.Object {
		return parse(t, fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: ns-6}, spec: {ports: [{name: http, port: %d}]}}`, name, port))
	}
	apply := func(objects []*cluster.Object) {
		_, err := w.cluster.Admin.Apply(objects)
		require.NoError(t, err)
	}
	equal := func() error {
		for _, page := range pages {
			got, err := debugPage(fin.istiod, page)
			if err != nil {
				return err
			}
			want, err := debugPage(direct, page)
			if err != nil {
				return err
			}
			if err := same(got, want); err != nil {
				return fmt.Errorf("%s: %w", page, err)
			}
		}
		return nil
	}
	has := func(part string) error {
		registry, err := debugPage(fin.istiod, "registryz")
		return errors.Join(err, contains(textOfJSON(registry), part))
	}
	t.Cleanup(func() {
		for _, name := range []string{"kept", "gone", "new", "later"} {
			w.cluster.Admin.Delete(service(name, 80))
		}
	})
	apply(service("kept", 80))
	apply(service("gone", 80))
	require.NoError(t, cluster.Eventually(patience, func() error {
		return errors.Join(has("kept.ns-6.svc"), has("gone.ns-6.svc"))
	}))
	for round := range 2 {
		c.check(fmt.Sprintf("killed, time %d", round+1), func(t *testing.T) {
			fin.istiod.Proxy.Kill()
			apply(service("kept", 81+round))
			require.NoError(t, w.cluster.Admin.Delete(service("gone", 80)))
			apply(service("new", 91+round))
			require.NoError(t, fin.istiod.Proxy.Start())
			start := time.Now()
			require.NoError(t, fin.istiod.Proxy.Started(time.Minute))
			require.NoError(t, cluster.Eventually(patience, func() error { return has(fmt.Sprintf(`"port":%d`, 91+round)) }))
			took := time.Since(start)
			require.NoError(t, cluster.Eventually(patience, equal))
			require.Error(t, has("gone.ns-6.svc"))
			apply(service("gone", 80))
			require.NoError(t, w.cluster.Admin.Delete(service("new", 80)))
			require.NoError(t, cluster.Eventually(patience, equal))
			if round == 0 { // an istiod whose watches break again soon waits longer every time
				c.note("After the API proxy was killed, changes arrived %.1f s after its start.", took.Seconds())
			}
		})
	}
	c.check("istiod alone, started anew", func(t *testing.T) {
		fin.istiod.Discovery.Kill()
		apply(service("later", 80))
		require.NoError(t, fin.istiod.Discovery.Start())
		require.NoError(t, fin.istiod.Ready(time.Minute))
		require.NoError(t, cluster.Eventually(patience, func() error { return errors.Join(has("later.ns-6.svc"), equal()) }))
	})
	// Whose token istiod has to ask the API server about has to wait.
	c.check("while the proxy is away, istiod serves those who have a certificate", func(t *testing.T) {
		caller, err := proxyIn(fin.istiod, "ns-6")
		require.NoError(t, err)
		certificate, err := caller.Sign(t.Context(), "")
		require.NoError(t, err)
		caller.Metadata, caller.TLS.Certificates = nil, []tls.Certificate{*certificate}
		fin.istiod.Proxy.Kill()
		_, err = caller.First(t.Context(), proxyOf(t, w, "ns-6", "details"), xds.Clusters)
		require.NoError(t, errors.Join(err, fin.istiod.Proxy.Start(), fin.istiod.Proxy.Started(time.Minute)))
	})
}

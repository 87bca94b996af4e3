package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// istiod fetches the keys that a RequestAuthentication names, and gives what it
// gets to the proxies. Its debug port trusts its own Pod, and shows the CA's key.
func TestATenantAdministratorCannotReadTheDebugPortThroughIstiod(t *testing.T) {
	c := claims(t, "A tenant administrator cannot make istiod read its own debug port, under any name of the address")
	w := theWorld(t)
	const marker = "these-are-the-keys"
	keys := httptest.NewUnstartedServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(answer, `{"keys":[{"kty":"oct","kid":%q}]}`, marker)
	}))
	keys.Listener.Close()
	var err error
	keys.Listener, err = net.Listen("tcp", ":0")
	require.NoError(t, err)
	keys.Start()
	defer keys.Close()
	for _, name := range []string{"sales", "ops", "fin"} { // one of each mode
		tenant := w.tenants[name]
		namespace := tenant.applications[0]
		deployBookinfo(t, w, namespace)
		require.NoError(t, w.cluster.RunPods())
		proxy := proxyOf(t, w, namespace, "details")
		const port = "8080"
		// The last two are not blocked: istiod asks its Pod's address from that address,
		// and the debug port trusts the loopback address alone.
		for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::]", "[::1]", "[::ffff:127.0.0.1]", tenant.istiod.IP, tenant.istiod.ClusterIP} {
			c.check(name+" "+host, func(t *testing.T) {
				issuer := "https://" + host
				policy, err := cluster.Parse(fmt.Appendf(nil, `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: attack, namespace: %s}
spec: {jwtRules: [{issuer: %q, jwksUri: "http://%s:%s/debug/krtz"}]}
`, namespace, issuer, host, port))
				require.NoError(t, err)
				_, err = w.cluster.As(tenant.admin).Apply(policy)
				require.NoError(t, err)
				defer w.cluster.Admin.Delete(policy)
				var text string
				require.NoError(t, cluster.Eventually(patience, func() (err error) {
					if text, err = textFor(tenant, proxy); err != nil {
						return err
					}
					return contains(text, issuer)
				}))
				require.NotContains(t, text, "informer/")
				require.NotContains(t, text, "ca-key.pem")
			})
		}
		c.check(name+" fetches keys from elsewhere", func(t *testing.T) {
			_, port, err := net.SplitHostPort(keys.Listener.Addr().String())
			require.NoError(t, err)
			policy, err := cluster.Parse(fmt.Appendf(nil, `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: keys, namespace: %s}
spec: {jwtRules: [{issuer: "https://elsewhere", jwksUri: "http://%s/keys"}]}
`, namespace, net.JoinHostPort(tenant.istiod.ClusterIP, port)))
			require.NoError(t, err)
			_, err = w.cluster.As(tenant.admin).Apply(policy)
			require.NoError(t, err)
			defer w.cluster.Admin.Delete(policy)
			require.NoError(t, cluster.Eventually(patience, func() error {
				text, err := textFor(tenant, proxy)
				return errors.Join(err, contains(text, marker))
			}))
		})
	}
}

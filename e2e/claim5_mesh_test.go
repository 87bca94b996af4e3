package e2e

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
)

// victim is an identity of sales' mesh.
const victim = "spiffe://sales.mesh/ns/ns-1/sa/default"

// No network policy is enforced here: the identity alone keeps others out. Who
// asks has what is to be had in dev's namespaces and in default, and as dev's
// istiod.
func TestNobodyElseJoinsAMesh(t *testing.T) {
	c := claims(t, "From another tenant's namespaces, from `default` and with another istiod's credentials, nobody gets a certificate, xDS or a debug page of sales' istiod, on any of its ports, without any NetworkPolicy")
	w := theWorld(t)
	sales, dev := w.tenants["sales"].istiod, w.tenants["dev"].istiod
	secret := parse(t, credentialOfAGateway(t))
	_, err := w.cluster.Admin.Apply(secret)
	require.NoError(t, err)
	defer w.cluster.Admin.Delete(secret)
	member, err := proxyIn(sales, "ns-1")
	require.NoError(t, err)
	proxy := somebody("ns-1")
	proxy.Pod, proxy.Listed = "member", true
	stop, err := member.Stay(t.Context(), proxy)
	require.NoError(t, err)
	defer stop()
	for _, name := range tenantNames {
		c.check("what "+name+"'s istiod listens on", func(t *testing.T) {
			everybody, own, err := w.tenants[name].istiod.Listening()
			require.NoError(t, err)
			if w.tenants[name].istiod.Proxy == nil {
				require.Equal(t, []string{"15012", "15014", "15017", "8080"}, everybody)
				require.Equal(t, []string{"15010", "9876"}, own)
			} else { // its metrics, and what istiod alone talks to
				require.Equal(t, []string{"15012", "15014", "15017", "15094", "8080"}, everybody)
				require.Equal(t, []string{"15010", "16443", "9876"}, own)
			}
		})
	}
	for _, row := range w.tokensOfOthers(t) {
		c.check(row.name, func(t *testing.T) {
			token, err := row.get()
			if err != nil {
				require.NotEmpty(t, row.refused, "%v", err)
				require.ErrorContains(t, err, row.refused)
				return
			}
			given, err := join(sales, "ns-1", credentials{metadata: xds.Bearer(token)})
			require.NoError(t, err)
			// As a proxy of the namespace that the token is of, and with a certificate
			// for somebody else.
			more, err := join(sales, "ns-0", credentials{metadata: xds.Bearer(token), impersonated: victim})
			require.NoError(t, err)
			require.Empty(t, append(given, more...))
			require.Empty(t, row.refused, "the token is had, though of no use")
		})
	}
	api, err := w.cluster.ServiceAccountToken("ns-0", "default")
	require.NoError(t, err)
	own, err := proxyIn(dev, "ns-0")
	require.NoError(t, err)
	devs, err := own.Sign(t.Context(), "")
	require.NoError(t, err)
	xfcc := `By=spiffe://sales.mesh/ns/istio-system1/sa/istiod-sales;Hash=00;Subject="";URI=` + victim
	for _, row := range []struct {
		name string
		credentials
	}{
		{"nothing", credentials{}},
		{"an empty Authorization", credentials{metadata: []string{"authorization", ""}}},
		{"a password", credentials{metadata: []string{"authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:admin"))}}},
		{"impersonation, as the API server has it", credentials{metadata: append(xds.Bearer(api),
			"impersonate-user", "system:serviceaccount:ns-1:default", "impersonate-group", "system:serviceaccounts")}},
		{"a gateway's word on who its client is", credentials{metadata: []string{"x-forwarded-client-cert", xfcc, "x-forwarded-for", "127.0.0.1"}}},
		{"another cluster's name", credentials{metadata: append(xds.Bearer(api), "clusterid", "other")}},
		{"a certificate of dev's CA", credentials{certificate: devs}},
		{"a certificate of dev's CA, and dev's token", credentials{certificate: devs, metadata: own.Metadata}},
		{"a certificate that dev's CA signed for sales", credentials{certificate: forge(t, victim, caOf(t, w, "dev"))}},
		{"a certificate that dev's CA signed for sales' istiod", credentials{certificate: forge(t, "spiffe://sales.mesh/ns/istio-system1/sa/istiod-sales", caOf(t, w, "dev"))}},
		{"a certificate of one's own CA", credentials{certificate: forge(t, victim, nil)}},
	} {
		c.check(row.name, func(t *testing.T) {
			given, err := join(sales, "ns-1", row.credentials)
			require.NoError(t, err)
			require.Empty(t, given)
		})
	}
	// What the attacks ask for is there, for whoever is of the mesh.
	c.check("for comparison: a token of sales' own", func(t *testing.T) {
		given, err := join(sales, "ns-1", credentials{metadata: member.Metadata})
		require.NoError(t, err)
		for _, address := range []string{sales.IP, sales.ClusterIP} {
			for _, what := range []string{
				"a certificate from https://%s:15012", "clusters from https://%s:15012", "clusters, incrementally, from https://%s:15012",
				"a Secret from https://%s:15012", "a page over xDS from https://%s:15012", "the proxies from https://%s:15012", "/debug/config_dump?proxyID=member.ns-1 from http://%s:15014",
			} {
				require.Contains(t, given, fmt.Sprintf(what, address))
			}
		}
		require.Contains(t, given, "/debug/config_dump?proxyID=member.ns-1 from http://"+sales.IP+":8080")
		for _, what := range given {
			require.NotContains(t, what, "krtz", "which shows the CA's key")
		}
	})
	c.check("for comparison: what is forged with the API server's key, and is not over", func(t *testing.T) {
		token, err := w.cluster.Forge(cluster.Claims{Audience: sales.Audience, Namespace: "ns-1", Name: "default", Expires: time.Now().Add(time.Hour)}, nil)
		require.NoError(t, err)
		forged := member
		forged.Metadata = xds.Bearer(token)
		_, err = forged.Sign(t.Context(), "")
		require.NoError(t, err)
	})
	c.check("a sidecar of sales does not get the certificate of sales' istiod", func(t *testing.T) {
		_, err := member.Sign(t.Context(), "spiffe://sales.mesh/ns/istio-system1/sa/istiod-sales")
		require.ErrorContains(t, err, "Unauthenticated")
	})
}

// credentialOfAGateway is a Secret in ns-1, that proxies there may read.
func credentialOfAGateway(t *testing.T) string {
	t.Helper()
	certificate := forge(t, victim, nil)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	require.NoError(t, err)
	encoded := func(kind string, data []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}))
	}
	return fmt.Sprintf(`
apiVersion: v1
kind: Secret
metadata: {name: credential, namespace: ns-1}
type: kubernetes.io/tls
data: {tls.crt: %s, tls.key: %s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: credential, namespace: ns-1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: ServiceAccount, name: default, namespace: ns-1}]
`, encoded("CERTIFICATE", certificate.Certificate[0]), encoded("PRIVATE KEY", key))
}

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// tokenRequest asks for a token with audiences.
func tokenRequest(audiences ...string) string {
	list, _ := json.Marshal(audiences)
	return `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":` + string(list) + `}}`
}

// podWithTokens is a Pod with a projected volume that has a token of each
// audience. It keeps the sidecar out, which has a token of its own.
func podWithTokens(name string, audiences ...string) string {
	var sources []string
	for n, audience := range audiences {
		sources = append(sources, fmt.Sprintf(`{"serviceAccountToken":{"path":"token-%d","audience":%q}}`, n, audience))
	}
	return podWithSources(name, sources...)
}

func podWithSources(name string, sources ...string) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `","labels":{"sidecar.istio.io/inject":"false"}},"spec":{` +
		`"volumes":[{"name":"other","emptyDir":{}},{"name":"tokens","projected":{"sources":[` + strings.Join(sources, ",") + `]}}],` +
		`"containers":[{"name":"x","image":"x"}]}}`
}

// A token is asked for as a Pod's volume or as a TokenRequest: both lead to the
// tenant's mesh.
func TestTokensOfAMeshAreHadInItsOwnNamespacesAlone(t *testing.T) {
	c := claims(t, "A token of a mesh's audience is available only in the tenant's own namespaces, in a Pod or by a TokenRequest, for every caller. Every other token is available as before")
	w := theWorld(t)
	const sales, dev = "sales.istio-tenancy.dev", "dev.istio-tenancy.dev"
	admin := w.cluster.Admin
	send := func(client *cluster.Client, namespace, body string) (cluster.Answer, error) {
		if strings.Contains(body, "TokenRequest") {
			return client.Do(http.MethodPost, "/api/v1/namespaces/"+namespace+"/serviceaccounts/default/token", body)
		}
		return client.Do(http.MethodPost, "/api/v1/namespaces/"+namespace+"/pods?dryRun=All", body)
	}
	refused := func(t *testing.T, answer cluster.Answer, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, answer.Code, "the token, or the Pod, is had: %s", answer.Message())
		require.Contains(t, answer.Message(), "istio-tenancy-tokens", "refused, but not by the policy")
		require.Contains(t, answer.Message(), "is the audience of a mesh")
	}
	for _, namespace := range []string{"ns-0", "istio-system", "default", "kube-system", "ns-3"} {
		for _, row := range []struct{ name, body string }{
			{"a TokenRequest", tokenRequest(sales)},
			{"a TokenRequest of several audiences", tokenRequest("https://vault.example", sales)},
			{"a Pod", podWithTokens("attack", sales)},
			{"a Pod of several tokens", podWithTokens("attack", "https://vault.example", sales)},
		} {
			c.check(row.name+" in "+namespace+", by the cluster administrator", func(t *testing.T) {
				answer, err := send(admin, namespace, row.body)
				refused(t, answer, err)
			})
		}
	}
	for _, row := range []struct{ name, user, namespace, body string }{
		{"dev's administrator, a TokenRequest", "dev-admin", "ns-0", tokenRequest(sales)},
		{"dev's administrator, dev's audience beside it", "dev-admin", "ns-0", tokenRequest(dev, sales)},
		{"dev's administrator, a Pod", "dev-admin", "ns-0", podWithTokens("attack", dev, sales)},
		{"sales' administrator, dev's audience", "sales-admin", "ns-1", tokenRequest(dev)},
		{"sales' administrator, an audience below its own", "sales-admin", "ns-1", tokenRequest("a." + sales)},
		{"sales' administrator, the audience of nobody", "sales-admin", "ns-1", tokenRequest("istio-tenancy.dev")},
		{"in capitals", "dev-admin", "ns-0", tokenRequest("Sales.Istio-Tenancy.dev")},
		{"with the dot that ends a name", "dev-admin", "ns-0", podWithTokens("attack", sales+".")},
	} {
		c.check(row.name, func(t *testing.T) {
			answer, err := send(w.cluster.As(row.user), row.namespace, row.body)
			refused(t, answer, err)
		})
	}
	c.check("the kubelet, for a Pod of dev's", func(t *testing.T) {
		answer, err := admin.Impersonate("system:node:node-1", "system:masters", http.MethodPost,
			"/api/v1/namespaces/ns-0/serviceaccounts/default/token", tokenRequest(sales))
		refused(t, answer, err)
	})
	c.check("a Pod made by server-side apply", func(t *testing.T) {
		answer, err := admin.Do(http.MethodPatch, "/api/v1/namespaces/ns-0/pods/attack?fieldManager=e2e&dryRun=All", podWithTokens("attack", sales))
		refused(t, answer, err)
	})
	c.check("a ServiceAccount of the name that sales' istiod has", func(t *testing.T) {
		namesake := parse(t, `{apiVersion: v1, kind: ServiceAccount, metadata: {name: istiod-sales, namespace: default}}`)
		_, err := admin.Apply(namesake)
		require.NoError(t, err)
		defer admin.Delete(namesake)
		answer, err := admin.Do(http.MethodPost, "/api/v1/namespaces/default/serviceaccounts/istiod-sales/token", tokenRequest(sales))
		refused(t, answer, err)
	})
	c.check("the Pods of a Deployment, which is stored", func(t *testing.T) {
		objects := parse(t, deploymentWithToken)
		_, err := admin.Apply(objects)
		require.NoError(t, err)
		defer admin.Delete(objects)
		require.NoError(t, cluster.Eventually(patience, func() error {
			deployment, err := admin.Read(objects[0])
			if err != nil {
				return err
			}
			conditions, _, _ := unstructured.NestedSlice(deployment.Object, "status", "conditions")
			return contains(fmt.Sprint(conditions), "istio-tenancy-tokens")
		}))
	})
	c.check("a volume cannot come later", func(t *testing.T) {
		answer, err := admin.Do(http.MethodPost, "/api/v1/namespaces/default/pods", podWithTokens("later", "https://vault.example"))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer admin.Do(http.MethodDelete, "/api/v1/namespaces/default/pods/later?gracePeriodSeconds=0", "")
		answer, err = admin.Do(http.MethodPut, "/api/v1/namespaces/default/pods/later", podWithTokens("later", sales))
		require.NoError(t, err)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Code, answer.Message())
	})
	for _, row := range []struct{ name, user, namespace, body string }{
		{"sales' administrator, a TokenRequest in ns-1", "sales-admin", "ns-1", tokenRequest(sales)},
		{"sales' administrator, with other audiences", "sales-admin", "ns-1", tokenRequest(sales, "https://vault.example")},
		{"sales' administrator, a Pod in ns-1", "sales-admin", "ns-1", podWithTokens("own", sales)},
		{"the second namespace of ops", "ops-admin", "ns-4", tokenRequest("ops.istio-tenancy.dev")},
		{"the control plane's own token", cluster.ClusterAdmin, "istio-system1", podWithTokens("own", sales)},
		{"no audience, a TokenRequest in default", cluster.ClusterAdmin, "default", tokenRequest()},
		{"another audience, a TokenRequest in default", cluster.ClusterAdmin, "default", tokenRequest("istio-ca", "https://vault.example")},
		{"another audience, a Pod in ns-0", "dev-admin", "ns-0", podWithTokens("other", "istio-ca", "vault")},
		{"another audience that has the words in it", cluster.ClusterAdmin, "default", tokenRequest("istio-tenancy.dev.example", "my-istio-tenancy.dev")},
		{"a Pod with every other source of a projected volume", cluster.ClusterAdmin, "default", podWithSources("other",
			`{"serviceAccountToken":{"path":"token"}}`, `{"downwardAPI":{"items":[{"path":"name","fieldRef":{"fieldPath":"metadata.name"}}]}}`,
			`{"configMap":{"name":"kube-root-ca.crt"}}`, `{"secret":{"name":"none","optional":true}}`)},
		{"a Pod with a certificate and with roots of trust", cluster.ClusterAdmin, "default", podWithSources("other",
			`{"clusterTrustBundle":{"name":"x","path":"roots"}}`, `{"podCertificate":{"signerName":"x.example/y","keyType":"ED25519","credentialBundlePath":"certificate"}}`)},
		{"a Pod with a projected volume of nothing", cluster.ClusterAdmin, "default", podWithSources("other")},
		{"a Pod with an empty projected volume", cluster.ClusterAdmin, "default", strings.Replace(podWithSources("other"), `{"sources":[]}`, `{}`, 1)},
		{"a Pod with a projected volume of null", cluster.ClusterAdmin, "default", strings.Replace(podWithSources("other"), `{"sources":[]}`, `{"sources":null}`, 1)},
		{"a Pod without volumes in kube-system", cluster.ClusterAdmin, "kube-system", object("v1", "Pod", "other", `"spec":{"containers":[{"name":"x","image":"x"}]}`)},
	} {
		c.check("had: "+row.name, func(t *testing.T) {
			answer, err := send(w.cluster.As(row.user), row.namespace, row.body)
			require.NoError(t, err)
			require.NoError(t, answer.Error())
		})
	}
}

const deploymentWithToken = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: attack, namespace: default}
spec:
  selector: {matchLabels: {app: attack}}
  template:
    metadata: {labels: {app: attack}}
    spec:
      containers: [{name: x, image: x}]
      volumes:
      - name: token
        projected: {sources: [{serviceAccountToken: {path: token, audience: sales.istio-tenancy.dev}}]}
`

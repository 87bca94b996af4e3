package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// encrypted are a gateway of Istio's in a namespace, as the chart "gateway" has its
// account and its right, and a Gateway of each API that names a Secret; another
// ServiceAccount, without that right; and Secrets there and elsewhere.
const encrypted = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: NAMESPACE}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: nobody, namespace: NAMESPACE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: NAMESPACE}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, watch, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}
subjects: [{kind: ServiceAccount, name: web, namespace: NAMESPACE}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web, namespace: NAMESPACE}
spec: {selector: {istio: web}, servers: [{port: {number: 7602, name: https, protocol: HTTPS}, hosts: [web.example], tls: {mode: SIMPLE, credentialName: own}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: encrypted, namespace: NAMESPACE}
spec: {gatewayClassName: istio-TENANT, listeners: [{name: https, port: 7601, protocol: HTTPS, tls: {certificateRefs: [{name: own}]}}]}
---
{apiVersion: v1, kind: Secret, metadata: {name: own, namespace: NAMESPACE}, type: kubernetes.io/tls, data: {tls.crt: OWNCERTIFICATE, tls.key: OWNKEY}}
---
{apiVersion: v1, kind: Secret, metadata: {name: beside, namespace: NAMESPACE}, type: kubernetes.io/tls, data: {tls.crt: OTHERCERTIFICATE, tls.key: OTHERKEY}}
---
{apiVersion: v1, kind: Secret, metadata: {name: own, namespace: ELSEWHERE}, type: kubernetes.io/tls, data: {tls.crt: OTHERCERTIFICATE, tls.key: OTHERKEY}}
---
{apiVersion: v1, kind: Secret, metadata: {name: elsewhere, namespace: ELSEWHERE}, type: kubernetes.io/tls, data: {tls.crt: OTHERCERTIFICATE, tls.key: OTHERKEY}}
---
{apiVersion: v1, kind: Secret, metadata: {name: elsewhere, namespace: ns-0}, type: kubernetes.io/tls, data: {tls.crt: OTHERCERTIFICATE, tls.key: OTHERKEY}}
`

func TestAGatewayReadsTheSecretsOfItsNamespace(t *testing.T) {
	c := claims(t, "A gateway gets the certificate that its Gateway names, of Istio's and of the Gateway API, from the Secret of its own namespace and with its own account. It gets no Secret of another of the tenant's namespaces or of another tenant, and an account without the right gets none")
	w := theWorld(t)
	for _, row := range []struct{ tenant, elsewhere string }{{"sales", "istio-system1"}, {"ops", "ns-4"}, {"fin", "ns-6"}} {
		tenant := w.tenants[row.tenant]
		namespace := tenant.applications[0]
		own, other := newCertificate(t), newCertificate(t)
		objects := parse(t, strings.NewReplacer("NAMESPACE", namespace, "ELSEWHERE", row.elsewhere, "TENANT", row.tenant,
			"OWNCERTIFICATE", own.certificate, "OWNKEY", own.key, "OTHERCERTIFICATE", other.certificate, "OTHERKEY", other.key).Replace(encrypted))
		_, err := w.cluster.Admin.Apply(objects)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(objects)) })
		require.NoError(t, cluster.Eventually(patience, func() error { return isSaidOf(w, namespace, "encrypted", "Programmed") }))
		ofIstio, ofAPI := map[string]string{"istio": "web"}, map[string]string{"gateway.networking.k8s.io/gateway-name": "encrypted"}
		for _, gateway := range []struct {
			name, account, secret string
			labels                map[string]string
			denied                []string
		}{
			{"a gateway of Istio's", "web", "kubernetes://own", ofIstio,
				[]string{"kubernetes://" + row.elsewhere + "/own", "kubernetes://elsewhere", "kubernetes://" + row.elsewhere + "/elsewhere", "kubernetes://ns-0/elsewhere"}},
			{"one of the Gateway API", "encrypted-istio-" + row.tenant, "kubernetes-gateway://" + namespace + "/own", ofAPI,
				[]string{"kubernetes-gateway://" + namespace + "/beside", "kubernetes-gateway://" + row.elsewhere + "/own", "kubernetes-gateway://" + row.elsewhere + "/elsewhere", "kubernetes-gateway://ns-0/elsewhere"}},
		} {
			pod := xds.Node{Gateway: true, Namespace: namespace, Pod: "encrypted", IP: "10.97.99.94", Labels: gateway.labels}
			c.check(row.tenant+": "+gateway.name+" gets the certificate of its Gateway", func(t *testing.T) {
				require.NoError(t, cluster.Eventually(patience, func() error {
					text, err := secretsOf(tenant.istiod, gateway.account, pod, gateway.secret)
					return errors.Join(err, contains(text, own.mark))
				}))
			})
			for _, denied := range gateway.denied {
				c.check(row.tenant+": "+gateway.name+" does not get "+denied, func(t *testing.T) {
					// Together, so that there is an answer.
					text, err := secretsOf(tenant.istiod, gateway.account, pod, gateway.secret, denied)
					require.NoError(t, err)
					require.Contains(t, text, own.mark)
					require.NotContains(t, text, other.mark)
				})
			}
		}
		c.check(row.tenant+": an account without the right gets none", func(t *testing.T) {
			pod := xds.Node{Gateway: true, Namespace: namespace, Pod: "encrypted", IP: "10.97.99.94", Labels: ofIstio}
			text, err := secretsOf(tenant.istiod, "nobody", pod, "kubernetes://own")
			require.NoError(t, err)
			require.NotContains(t, text, own.mark)
		})
	}
}

// secretsOf is what an istiod gives a gateway of Secrets, by their names: nothing, if
// there is no answer.
func secretsOf(istiod *cluster.Istiod, account string, gateway xds.Node, names ...string) (string, error) {
	caller, err := proxyAs(istiod, gateway.Namespace, account)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	response, err := caller.First(ctx, gateway, xds.Secrets, names...)
	if status.Code(err) == codes.DeadlineExceeded {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for %q: %w", names, err)
	}
	var text strings.Builder
	for _, resource := range response.Resources {
		text.Write(resource.Value)
	}
	return text.String(), nil
}

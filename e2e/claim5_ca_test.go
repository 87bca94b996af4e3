package e2e

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestEachIstiodKeepsItsRootCertificateInItsOwnNamespacesAndTouchesNoOther(t *testing.T) {
	c := claims(t, "Each istiod keeps `istio-ca-root-cert` in its own application namespaces, writes its own CA into its own webhooks, and writes nowhere else")
	w := theWorld(t)
	roots := map[string]string{}
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		secret, err := w.cluster.Admin.Get("/api/v1/namespaces/" + tenant.controlPlane + "/secrets/istio-ca-secret")
		require.NoError(t, err)
		encoded, _, _ := unstructured.NestedString(secret.Object, "data", "ca-cert.pem")
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		require.NoError(t, err)
		root := strings.TrimSpace(string(decoded))
		c.check(name+" has a CA of its own", func(t *testing.T) {
			require.NotEmpty(t, root)
			require.Empty(t, roots[root], "the same as another tenant's")
			roots[root] = name
		})
		for _, namespace := range tenant.applications {
			c.check(name+" keeps its root in "+namespace, func(t *testing.T) {
				require.NoError(t, cluster.Eventually(patience, func() error {
					config, err := w.cluster.Admin.Get("/api/v1/namespaces/" + namespace + "/configmaps/istio-ca-root-cert")
					if err != nil {
						return err
					}
					kept, _, _ := unstructured.NestedString(config.Object, "data", "root-cert.pem")
					if strings.TrimSpace(kept) != root {
						return errors.New("another root certificate")
					}
					return nil
				}))
			})
		}
		c.check(name+" puts its CA into its webhooks", func(t *testing.T) {
			settled(t, w.cluster, tenant)
			for _, object := range tenant.objects {
				if !strings.HasSuffix(object.GetKind(), "WebhookConfiguration") {
					continue
				}
				stored, err := w.cluster.Admin.Read(object)
				require.NoError(t, err)
				require.NoError(t, everyWebhook(stored, func(webhook map[string]any) error {
					bundle, _, _ := unstructured.NestedString(webhook, "clientConfig", "caBundle")
					decoded, err := base64.StdEncoding.DecodeString(bundle)
					if err == nil && strings.TrimSpace(string(decoded)) != root {
						err = fmt.Errorf("%s: webhook %s has another CA", cluster.ID(stored), webhook["name"])
					}
					return err
				}))
			}
		})
		c.check(name+" writes in its own namespaces alone", func(t *testing.T) {
			requests, err := w.cluster.Requests(tenant.istiod.User())
			require.NoError(t, err)
			own := map[string]bool{"": true}
			for _, namespace := range tenant.namespaces() {
				own[namespace] = true
			}
			writes := 0
			for _, r := range requests {
				if !isRead(r.Verb) && r.Code < 300 && r.Agent != cluster.Agent {
					writes++
					require.True(t, own[r.Namespace], "%s of %s %s/%s", r.Verb, r.Resource, r.Namespace, r.Name)
				}
			}
			require.NotZero(t, writes)
		})
	}
	c.check("no root certificate anywhere else", func(t *testing.T) {
		expected := map[string]bool{}
		for _, tenant := range w.tenants {
			for _, namespace := range tenant.namespaces() {
				expected[namespace] = true
			}
		}
		for _, namespace := range mesh.namespaces() { // whose istiod keeps it there
			expected[namespace] = true
		}
		configs, err := w.cluster.Admin.Items("/api/v1/configmaps?fieldSelector=metadata.name=istio-ca-root-cert")
		require.NoError(t, err)
		for _, config := range configs {
			require.True(t, expected[config.GetNamespace()], "in %s", config.GetNamespace())
		}
	})
}

func isRead(verb string) bool { return verb == "get" || verb == "list" || verb == "watch" }

// A token of the tenant's audience is had in its own namespaces alone: see
// TestNobodyElseJoinsAMesh for those who have none.
func TestACertificateNamesTheTrustDomainOfTheTenantAndTheNamespaceOfTheToken(t *testing.T) {
	c := claims(t, "A certificate contains the tenant's trust domain and the token's own namespace. Without a token there is no certificate")
	w := theWorld(t)
	for _, row := range []struct{ istiod, namespace, identity string }{
		{"dev", "ns-0", "spiffe://dev.mesh/ns/ns-0/sa/default"},
		{"sales", "ns-1", "spiffe://sales.mesh/ns/ns-1/sa/default"},
		{"ops", "ns-3", "spiffe://ops.mesh/ns/ns-3/sa/default"},
		{"ops", "ns-4", "spiffe://ops.mesh/ns/ns-4/sa/default"},
		{"fin", "ns-6", "spiffe://fin.mesh/ns/ns-6/sa/default"},
		{"sales", "", ""},
	} {
		c.check(fmt.Sprintf("%s signs for %q", row.istiod, row.namespace), func(t *testing.T) {
			istiod := w.tenants[row.istiod].istiod
			roots, err := istiod.Roots()
			require.NoError(t, err)
			caller := xds.Caller{Address: istiod.ClusterIP + ":15012", TLS: &tls.Config{RootCAs: roots, ServerName: istiod.Host}}
			if row.namespace != "" {
				caller, err = proxyIn(istiod, row.namespace)
				require.NoError(t, err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			certificate, err := caller.Sign(ctx, "")
			if row.identity == "" {
				require.ErrorContains(t, err, "Unauthenticated")
				return
			}
			require.NoError(t, err)
			require.Len(t, certificate.Leaf.URIs, 1)
			require.Equal(t, row.identity, certificate.Leaf.URIs[0].String())
		})
	}
}

// istiod gives a certificate for a certificate, as virtual machines need it.
func TestACertificateOutlivesItsServiceAccount(t *testing.T) {
	c := claims(t, "For comparison, as described in the limits of the protection: with a certificate of a mesh, a client gets the next one after its ServiceAccount and its tokens are deleted, until the CA is replaced")
	w := theWorld(t)
	objects := applyExample(t, w, "examples/bookinfo")
	istiod, err := w.cluster.StartIstiod(objects)
	require.NoError(t, err)
	defer func() { istiod.Stop() }()
	account := parse(t, `{apiVersion: v1, kind: ServiceAccount, metadata: {name: former, namespace: bookinfo}}`)
	_, err = w.cluster.Admin.Apply(account)
	require.NoError(t, err)
	caller, err := proxyIn(istiod, "bookinfo")
	require.NoError(t, err)
	token, err := istiod.ProxyToken("bookinfo", "former")
	require.NoError(t, err)
	caller.Metadata = xds.Bearer(token)
	first, err := caller.Sign(t.Context(), "")
	require.NoError(t, err)
	require.NoError(t, w.cluster.Admin.Delete(account))
	c.check("the token is refused", func(t *testing.T) {
		// The API server remembers for some seconds what it said of a token.
		require.NoError(t, cluster.Eventually(patience, func() error {
			if _, err := caller.Sign(t.Context(), ""); err == nil {
				return errors.New("the token is taken still")
			}
			return nil
		}))
	})
	byCertificate := func(caller xds.Caller) (*tls.Certificate, error) {
		caller.Metadata, caller.TLS.Certificates = nil, []tls.Certificate{*first}
		return caller.Sign(t.Context(), "")
	}
	c.check("the certificate gets the next", func(t *testing.T) {
		next, err := byCertificate(caller)
		require.NoError(t, err)
		require.Equal(t, "spiffe://bookinfo.mesh/ns/bookinfo/sa/former", next.Leaf.URIs[0].String())
	})
	c.check("it gets none from a CA that is made anew", func(t *testing.T) {
		istiod.Stop()
		answer, err := w.cluster.Admin.Do("DELETE", "/api/v1/namespaces/"+istiod.Namespace+"/secrets/istio-ca-secret", "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		istiod, err = w.cluster.StartIstiod(objects)
		require.NoError(t, err)
		caller, err := proxyIn(istiod, "bookinfo")
		require.NoError(t, err)
		_, err = caller.Sign(t.Context(), "")
		require.NoError(t, err, "a token of the mesh")
		_, err = byCertificate(caller)
		require.Error(t, err)
	})
}

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// tokenAttack is a token that somebody would like to use with sales' istiod.
type tokenAttack struct {
	name string
	get  func() (string, error)
	// refused is what is said to who asks for the token; empty, if it is had.
	refused string
}

// tokensOfOthers are tokens that are had outside of sales' namespaces, or that
// somebody asks for there, or that are no longer, or never were, the API server's.
func (w *world) tokensOfOthers(t *testing.T) []tokenAttack {
	const policy, rbac = "istio-tenancy-tokens", `cannot create resource "serviceaccounts/token"`
	own, foreign := w.tenants["sales"].istiod.Audience, w.tenants["dev"].istiod.Audience
	dev, devIstiod := w.cluster.As("dev-admin"), w.cluster.WithToken(w.tenants["dev"].istiod.Token)
	admin := w.cluster.Admin
	fixed := func(token string) func() (string, error) { return func() (string, error) { return token, nil } }
	from := func(client *cluster.Client, namespace, account string, audiences ...string) func() (string, error) {
		return func() (string, error) {
			answer, err := client.Do(http.MethodPost, "/api/v1/namespaces/"+namespace+"/serviceaccounts/"+account+"/token", tokenRequest(audiences...))
			if err != nil {
				return "", err
			}
			return cluster.TokenIn(answer)
		}
	}
	// A Pod gets its token from the kubelet, which asks when the Pod is stored.
	byPod := func(client *cluster.Client, namespace string) func() (string, error) {
		return func() (string, error) {
			path := "/api/v1/namespaces/" + namespace + "/pods"
			answer, err := client.Do(http.MethodPost, path, podWithTokens("attack", own))
			if err := errors.Join(err, answer.Error()); err != nil {
				return "", err
			}
			defer admin.Do(http.MethodDelete, path+"/attack?gracePeriodSeconds=0", "")
			return from(admin, namespace, "default", own)()
		}
	}
	forged := func(claims cluster.Claims, key *rsa.PrivateKey) func() (string, error) {
		return func() (string, error) { return w.cluster.Forge(claims, key) }
	}
	another, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	hour := time.Now().Add(time.Hour)
	return []tokenAttack{
		{"an empty token", fixed(""), ""},
		{"no token at all, but text", fixed("let-me-in"), ""},
		{"the token of dev's administrator", fixed("token-of-dev-admin"), ""},
		{"the token of the cluster administrator", fixed("token-of-" + cluster.ClusterAdmin), ""},
		{"a token of ns-0 for the API server", from(dev, "ns-0", "default"), ""},
		{"a token of default for the API server", from(admin, "default", "default"), ""},
		{"a token of dev's istiod for the API server", fixed(w.tenants["dev"].istiod.Token), ""},
		{"a token of ns-1 for the API server", from(admin, "ns-1", "default"), ""},
		{"a token of sales' istiod for the API server", fixed(w.tenants["sales"].istiod.Token), ""},
		{"a token of ns-0 for istio-ca", from(dev, "ns-0", "default", "istio-ca"), ""},
		{"a token of default for istio-ca", from(admin, "default", "default", "istio-ca"), ""},
		{"a token of dev's istiod for istio-ca", from(admin, "istio-system", "istiod-dev", "istio-ca"), ""},
		{"a token of ns-1 for istio-ca", from(admin, "ns-1", "default", "istio-ca"), ""},
		{"a token of ns-0 for dev's mesh", from(dev, "ns-0", "default", foreign), ""},
		{"a token of dev's istiod for dev's mesh", from(admin, "istio-system", "istiod-dev", foreign), ""},
		{"a token of ns-0 for something that begins like sales' mesh", from(dev, "ns-0", "default", own+",x", own+" "), ""},
		{"a token of ns-0 for sales' mesh, by dev's administrator", from(dev, "ns-0", "default", own), policy},
		{"a token of ns-0 for dev's mesh and for sales'", from(dev, "ns-0", "default", foreign, own), policy},
		{"a token of ns-0 for sales' mesh, by the cluster administrator", from(admin, "ns-0", "default", own), policy},
		{"a token of default for sales' mesh", from(admin, "default", "default", own), policy},
		{"a token of kube-system for sales' mesh", from(admin, "kube-system", "default", own), policy},
		{"a token of dev's istiod for sales' mesh", from(admin, "istio-system", "istiod-dev", own), policy},
		{"a token of ns-1 for sales' mesh, by dev's administrator", from(dev, "ns-1", "default", own), rbac},
		{"a token of ns-1 for sales' mesh, by dev's istiod", from(devIstiod, "ns-1", "default", own), rbac},
		{"a token of ns-0 for sales' mesh, by dev's istiod", from(devIstiod, "ns-0", "default", own), rbac},
		{"a token of a Namespace that somebody else calls sales'", w.tokenOfAFalseNamespace(own), "istio-tenancy-namespaces"},
		{"a Pod of ns-0 with a token for sales' mesh", byPod(dev, "ns-0"), policy},
		{"a Pod of default with a token for sales' mesh", byPod(admin, "default"), policy},
		{"a Pod beside dev's istiod with a token for sales' mesh", byPod(admin, "istio-system"), policy},
		{"a token of ns-0 that does not end", w.legacyToken("ns-0"), ""},
		{"a token of ns-1 that does not end", w.legacyToken("ns-1"), ""},
		{"a token of ns-1 for sales' mesh that is over", forged(cluster.Claims{Audience: own, Namespace: "ns-1", Name: "default", Expires: time.Now().Add(-time.Minute)}, nil), ""},
		{"a token of ns-1 for sales' mesh of another issuer", forged(cluster.Claims{Issuer: "https://issuer.example", Audience: own, Namespace: "ns-1", Name: "default", Expires: hour}, nil), ""},
		{"a token of ns-1 for sales' mesh with another key", forged(cluster.Claims{Audience: own, Namespace: "ns-1", Name: "default", Expires: hour}, another), ""},
		{"a token of a ServiceAccount of ns-1 that is gone", w.tokenOfGone("ns-1", own), ""},
	}
}

// legacyToken is that of a Secret, as all were once.
func (w *world) legacyToken(namespace string) func() (string, error) {
	return func() (token string, err error) {
		objects, err := cluster.Parse([]byte(`{apiVersion: v1, kind: Secret, metadata: {name: legacy, namespace: ` + namespace +
			`, annotations: {kubernetes.io/service-account.name: default}}, type: kubernetes.io/service-account-token}`))
		if err != nil {
			return "", err
		}
		if _, err := w.cluster.Admin.Apply(objects); err != nil {
			return "", err
		}
		return token, cluster.Eventually(patience, func() error {
			secret, err := w.cluster.Admin.Read(objects[0])
			if err != nil {
				return err
			}
			encoded, _, _ := unstructured.NestedString(secret.Object, "data", "token")
			decoded, err := base64.StdEncoding.DecodeString(encoded)
			if token = string(decoded); token == "" {
				err = errors.New("the Secret has no token yet")
			}
			return err
		})
	}
}

// tokenOfGone is the token of a ServiceAccount that has been deleted since.
func (w *world) tokenOfGone(namespace, audience string) func() (string, error) {
	return func() (string, error) {
		objects, err := cluster.Parse([]byte(`{apiVersion: v1, kind: ServiceAccount, metadata: {name: gone, namespace: ` + namespace + `}}`))
		if err != nil {
			return "", err
		}
		if _, err := w.cluster.Admin.Apply(objects); err != nil {
			return "", err
		}
		token, err := w.cluster.ServiceAccountToken(namespace, "gone", audience)
		return token, errors.Join(err, w.cluster.Admin.Delete(objects))
	}
}

// tokenOfAFalseNamespace is that of a Namespace which somebody labels as sales'
// who may make Namespaces and ask for tokens in the whole cluster, but does not
// administer tenants.
func (w *world) tokenOfAFalseNamespace(audience string) func() (string, error) {
	return func() (string, error) {
		rights, err := cluster.Parse([]byte(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: makes-namespaces}
rules:
- {apiGroups: [""], resources: [namespaces, serviceaccounts/token], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: makes-namespaces}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: makes-namespaces}
subjects: [{kind: User, name: dev-admin, apiGroup: rbac.authorization.k8s.io}]
`))
		if err != nil {
			return "", err
		}
		if _, err := w.cluster.Admin.Apply(rights); err != nil {
			return "", err
		}
		defer w.cluster.Admin.Delete(rights)
		client := w.cluster.As("dev-admin")
		answer, err := client.Do(http.MethodPost, "/api/v1/namespaces",
			`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"false","labels":{"istio-tenancy.dev/tenant":"sales"}}}`)
		if err := errors.Join(err, answer.Error()); err != nil {
			return "", err
		}
		defer w.cluster.Admin.Do(http.MethodDelete, "/api/v1/namespaces/false", "")
		if answer, err = client.Do(http.MethodPost, "/api/v1/namespaces/false/serviceaccounts/default/token", tokenRequest(audience)); err != nil {
			return "", err
		}
		return cluster.TokenIn(answer)
	}
}

// caOf is a tenant's CA, as whoever has taken over its istiod has it.
func caOf(t *testing.T, w *world, name string) *tls.Certificate {
	t.Helper()
	secret, err := w.cluster.Admin.Get("/api/v1/namespaces/" + w.tenants[name].controlPlane + "/secrets/istio-ca-secret")
	require.NoError(t, err)
	data, _, _ := unstructured.NestedStringMap(secret.Object, "data")
	certificate, err := base64.StdEncoding.DecodeString(data["ca-cert.pem"])
	require.NoError(t, err)
	key, err := base64.StdEncoding.DecodeString(data["ca-key.pem"])
	require.NoError(t, err)
	pair, err := tls.X509KeyPair(certificate, key)
	require.NoError(t, err)
	return &pair
}

// forge signs a certificate for an identity: with a CA, or with itself.
func forge(t *testing.T, identity string, ca *tls.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	uri, err := url.Parse(identity)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		URIs: []*url.URL{uri}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	parent, signer := template, any(key)
	var chain [][]byte
	if ca != nil {
		parent, err = x509.ParseCertificate(ca.Certificate[0])
		require.NoError(t, err)
		signer = ca.PrivateKey
		chain = ca.Certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: append([][]byte{der}, chain...), PrivateKey: key}
}

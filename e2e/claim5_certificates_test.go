package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestACAOfTheTenantsOwnByCertManager(t *testing.T) {
	c := claims(t, "The example with cert-manager's kinds applies strictly. What its istiod signs with the Secret `cacerts` ends in the tenant's own root, which verifies no other mesh's certificates. istiod accepts the next CA below that root without a restart, and another root after a restart")
	w := theWorld(t)
	serveCertManager(t, w)
	objects := applyExample(t, w, "examples/certificates")
	c.check("what the kinds do not have is refused", func(t *testing.T) {
		for _, object := range objects {
			if object.GetKind() == "Certificate" {
				wrong := object.DeepCopy()
				require.NoError(t, unstructured.SetNestedField(wrong.Object, "x", "spec", "secret"))
				_, err := w.cluster.Admin.Apply([]*cluster.Object{wrong})
				require.ErrorContains(t, err, ".spec.secret")
			}
		}
	})
	first := newRoot(t, "first")
	plug(t, w, "istio-ledger", first.signCA(t).byCertManager())
	istiod, err := w.cluster.StartIstiod(objects)
	require.NoError(t, err)
	defer func() { istiod.Stop() }()

	own := signed(t, istiod, "ledger")
	others := signed(t, w.tenants["sales"].istiod, "ns-1")
	othersRoot := published(t, w, "ns-1")
	c.check("what it signs ends in the tenant's own root, in its trust domain", func(t *testing.T) {
		require.NoError(t, verifies(own, first.text))
		require.Equal(t, "spiffe://ledger.mesh/ns/ledger/sa/default", own.Leaf.URIs[0].String())
	})
	c.check("another mesh does not verify it", func(t *testing.T) {
		require.NoError(t, verifies(others, othersRoot))
		require.ErrorContains(t, verifies(own, othersRoot), "unknown authority")
	})
	c.check("it does not verify another mesh's", func(t *testing.T) {
		require.ErrorContains(t, verifies(others, first.text), "unknown authority")
	})
	c.check("it publishes the root, and puts it into its webhooks", func(t *testing.T) {
		require.NoError(t, publishes(w, "ledger", first.text))
		require.NoError(t, cluster.Eventually(patience, func() error {
			hooks, err := w.cluster.Admin.Get("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/istio-sidecar-injector-ledger-istio-ledger")
			if err != nil {
				return err
			}
			return everyWebhook(hooks, func(hook map[string]any) error {
				bundle, _, _ := unstructured.NestedString(hook, "clientConfig", "caBundle")
				decoded, err := base64.StdEncoding.DecodeString(bundle)
				if err == nil && strings.TrimSpace(string(decoded)) != strings.TrimSpace(first.text) {
					err = errors.New("another root")
				}
				return err
			})
		}))
	})
	c.check("it makes no CA of its own", func(t *testing.T) {
		_, err := w.cluster.Admin.Get("/api/v1/namespaces/istio-ledger/secrets/istio-ca-secret")
		require.ErrorContains(t, err, "not found")
	})
	c.check("the next CA below the same root is taken as it runs, and what the one before has signed stays good", func(t *testing.T) {
		next := first.signCA(t)
		plug(t, w, "istio-ledger", next.byCertManager())
		require.NoError(t, istiod.Refresh("cacerts", "cacerts"))
		require.NoError(t, cluster.Eventually(patience, func() error { return signedBy(t, istiod, next) }))
		require.NoError(t, verifies(own, first.text))
		require.NoError(t, publishes(w, "ledger", first.text))
	})
	refused := func() {
		t.Helper()
		times := refusals(t, istiod)
		require.NoError(t, istiod.Refresh("cacerts", "cacerts"))
		require.NoError(t, cluster.Eventually(patience, func() error { return refuses(t, istiod, times+1) }))
		require.NoError(t, publishes(w, "ledger", first.text))
	}
	again := func() {
		t.Helper()
		istiod.Stop()
		var err error
		istiod, err = w.cluster.StartIstiod(objects)
		require.NoError(t, err)
	}
	c.check("the same root, renewed with its key, is taken at a start, and what is signed stays good", func(t *testing.T) {
		renewed := first.renew(t)
		plug(t, w, "istio-ledger", renewed.signCA(t).byCertManager())
		refused()
		again()
		first = renewed
		require.NoError(t, publishes(w, "ledger", first.text))
		require.NoError(t, verifies(own, first.text))
		require.NoError(t, verifies(signed(t, istiod, "ledger"), first.text))
	})
	second := newRoot(t, "second")
	c.check("another root is not taken as it runs", func(t *testing.T) {
		plug(t, w, "istio-ledger", second.signCA(t).byCertManager())
		refused()
	})
	c.check("another root is taken at a start, and what the one before has signed is no longer good", func(t *testing.T) {
		again()
		require.NoError(t, verifies(signed(t, istiod, "ledger"), second.text))
		require.NoError(t, publishes(w, "ledger", second.text))
		require.ErrorContains(t, verifies(own, second.text), "unknown authority")
	})
}

// The steps are those of docs/certificates.md.
func TestARootIsChangedInThreeSteps(t *testing.T) {
	c := claims(t, "A root is changed in the three steps of docs/certificates.md, and at each step the certificates that were signed in the step before are valid. With `ISTIO_MULTIROOT_MESH` istiod does not need a restart, and without it istiod restarts twice")
	w := theWorld(t)
	for _, multi := range []bool{false, true} {
		objects := applyExample(t, w, "examples/bookinfo")
		var variant cluster.Variant
		name := "without ISTIO_MULTIROOT_MESH"
		if multi {
			name, variant.Env = "with ISTIO_MULTIROOT_MESH", []string{"ISTIO_MULTIROOT_MESH=true"}
		}
		first, second := newRoot(t, "first"), newRoot(t, "second")
		both := first.text + second.text
		ca, next := first.signCA(t), second.signCA(t)
		plug(t, w, "istio-bookinfo", ca.byHand(first.text))
		istiod, err := w.cluster.StartVariant(objects, variant)
		require.NoError(t, err)
		defer func() { istiod.Stop() }()
		step := func(files map[string]string, starts bool) {
			plug(t, w, "istio-bookinfo", files)
			times := refusals(t, istiod)
			require.NoError(t, istiod.Refresh("cacerts", "cacerts"))
			if starts && !multi {
				require.NoError(t, cluster.Eventually(patience, func() error { return refuses(t, istiod, times+1) }))
				istiod.Stop()
				istiod, err = w.cluster.StartVariant(objects, variant)
				require.NoError(t, err)
			}
		}
		oldest := signed(t, istiod, "bookinfo")
		c.check(name+": at first there is one root", func(t *testing.T) {
			require.NoError(t, publishes(w, "bookinfo", first.text))
			require.NoError(t, verifies(oldest, first.text))
		})
		c.check(name+": both are published, and the old CA signs", func(t *testing.T) {
			step(ca.byHand(both), true)
			require.NoError(t, publishes(w, "bookinfo", both))
			require.NoError(t, signedBy(t, istiod, ca))
			require.NoError(t, verifies(oldest, both))
		})
		c.check(name+": the new CA signs, as istiod runs", func(t *testing.T) {
			step(next.byHand(both), false)
			require.NoError(t, cluster.Eventually(patience, func() error { return signedBy(t, istiod, next) }))
			require.NoError(t, verifies(oldest, both))
			require.NoError(t, verifies(signed(t, istiod, "bookinfo"), both))
		})
		newer := signed(t, istiod, "bookinfo")
		c.check(name+": the new root alone is published", func(t *testing.T) {
			step(next.byHand(second.text), true)
			require.NoError(t, publishes(w, "bookinfo", second.text))
			require.NoError(t, verifies(newer, second.text))
			require.ErrorContains(t, verifies(oldest, second.text), "unknown authority")
		})
		istiod.Stop()
		remove(t, w, objects)
	}
}

func TestACAIsNotItsAdministrators(t *testing.T) {
	c := claims(t, "A tenant's administrator with cert-manager's rights can create certificates and issuers in the tenant's own application namespaces, and none in a control plane's namespace, where nobody can read the key of a CA")
	w := theWorld(t)
	serveCertManager(t, w)
	role := parse(t, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: certificates-edit, labels: {rbac.authorization.k8s.io/aggregate-to-edit: "true", rbac.authorization.k8s.io/aggregate-to-admin: "true"}}
rules: [{apiGroups: [cert-manager.io], resources: [certificates, certificaterequests, issuers], verbs: [get, list, watch, create, delete, deletecollection, patch, update]}]
`)
	_, err := w.cluster.Admin.Apply(role)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(role)) })
	bodies := map[string]string{
		"issuers":             `{"apiVersion":"cert-manager.io/v1","kind":"Issuer","metadata":{"name":"x"},"spec":{"ca":{"secretName":"mesh-root"}}}`,
		"certificates":        `{"apiVersion":"cert-manager.io/v1","kind":"Certificate","metadata":{"name":"x"},"spec":{"secretName":"cacerts","isCA":true,"commonName":"x","issuerRef":{"name":"mesh-root"}}}`,
		"certificaterequests": `{"apiVersion":"cert-manager.io/v1","kind":"CertificateRequest","metadata":{"name":"x"},"spec":{"isCA":true,"request":"eA==","issuerRef":{"name":"mesh-root"}}}`,
	}
	sales := w.tenants["sales"]
	admin := w.cluster.As(sales.admin)
	for _, resource := range slices.Sorted(maps.Keys(bodies)) {
		path := func(namespace string) string {
			return "/apis/cert-manager.io/v1/namespaces/" + namespace + "/" + resource
		}
		c.check("the administrator has "+resource+" in ns-1", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { // the controller manager aggregates
				answer, err := admin.Do("POST", path("ns-1")+"?dryRun=All", bodies[resource])
				return errors.Join(err, answer.Error())
			}))
		})
		for _, namespace := range []string{"istio-system1", "istio-system", "ns-0", "istio-system3"} {
			for who, client := range map[string]*cluster.Client{"the administrator": admin, "istiod": w.cluster.WithToken(sales.istiod.Token)} {
				c.check(fmt.Sprintf("%s makes and reads no %s in %s", who, resource, namespace), func(t *testing.T) {
					require.Equal(t, 403, send(t, client, "POST", path(namespace)+"?dryRun=All", bodies[resource]).Code)
					require.Equal(t, 403, send(t, client, "GET", path(namespace), "").Code)
				})
			}
		}
	}
	for _, namespace := range []string{"istio-system1", "istio-system"} {
		for _, secret := range []string{"cacerts", "mesh-root", "istio-ca-secret"} {
			c.check(fmt.Sprintf("the administrator reads no Secret %s in %s", secret, namespace), func(t *testing.T) {
				require.Equal(t, 403, send(t, admin, "GET", "/api/v1/namespaces/"+namespace+"/secrets/"+secret, "").Code)
			})
		}
	}
}

// serveCertManager installs cert-manager's kinds until the test ends.
func serveCertManager(t *testing.T, w *world) {
	t.Helper()
	all, err := cluster.ParseFolder(binaries["definitions"])
	require.NoError(t, err)
	var kinds []*cluster.Object
	for _, object := range all {
		if object.GetKind() == "CustomResourceDefinition" && strings.HasSuffix(object.GetName(), ".cert-manager.io") && !strings.Contains(object.GetName(), "acme") {
			kinds = append(kinds, object)
		}
	}
	require.Len(t, kinds, 4)
	_, err = w.cluster.Admin.Apply(kinds)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(kinds)) })
}

// authority is a CA, and the root that it is below, which may be itself.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	text        string // the certificate
	root        string
	sec1, pkcs8 string // the key, in the two forms in which it is written
}

func newRoot(t *testing.T, name string) authority {
	t.Helper()
	return authority{}.sign(t, name)
}

// signCA is a new CA below a root.
func (a authority) signCA(t *testing.T) authority {
	t.Helper()
	return a.sign(t, "CA below "+a.certificate.Subject.CommonName)
}

func (a authority) sign(t *testing.T, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return a.signKey(t, name, key)
}

// renew is a root that has the name and the key of another.
func (a authority) renew(t *testing.T) authority {
	t.Helper()
	return authority{}.signKey(t, a.certificate.Subject.CommonName, a.key)
}

func (a authority) signKey(t *testing.T, name string, key *ecdsa.PrivateKey) authority {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
	}
	parent, by := a.certificate, a.key
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	require.NoError(t, err)
	made := authority{key: key, text: pemText("CERTIFICATE", der), root: a.text}
	made.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	sec1, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	made.sec1, made.pkcs8 = pemText("EC PRIVATE KEY", sec1), pemText("PRIVATE KEY", pkcs8)
	return made
}

// byCertManager is what cert-manager writes for a Certificate, by an Issuer whose CA is a root.
func (a authority) byCertManager() map[string]string {
	return map[string]string{"tls.crt": a.text, "tls.key": a.sec1, "ca.crt": a.root}
}

// byHand is what the page has the cluster administrator make, with a key as openssl
// writes it.
func (a authority) byHand(roots string) map[string]string {
	return map[string]string{"ca-cert.pem": a.text, "ca-key.pem": a.pkcs8, "cert-chain.pem": a.text + a.root, "root-cert.pem": roots}
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// plug makes the Secret cacerts of files, in the place of the one that is there.
func plug(t *testing.T, w *world, namespace string, files map[string]string) {
	t.Helper()
	secret := parse(t, "{apiVersion: v1, kind: Secret, metadata: {name: cacerts, namespace: "+namespace+"}}")
	data := map[string]any{}
	for name, text := range files {
		data[name] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	secret[0].Object["data"] = data
	if files["tls.crt"] != "" {
		secret[0].Object["type"] = "kubernetes.io/tls"
	}
	_, err := w.cluster.Admin.Apply(secret)
	require.NoError(t, err)
}

// signed is a certificate that an istiod gives to a proxy, with its chain.
func signed(t *testing.T, istiod *cluster.Istiod, namespace string) *tls.Certificate {
	t.Helper()
	caller, err := proxyIn(istiod, namespace)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	certificate, err := caller.Sign(ctx, "")
	require.NoError(t, err)
	return certificate
}

// signedBy is an error unless an istiod signs with the key of a CA.
func signedBy(t *testing.T, istiod *cluster.Istiod, ca authority) error {
	t.Helper()
	namespace := strings.TrimPrefix(istiod.Namespace, "istio-")
	return signed(t, istiod, namespace).Leaf.CheckSignatureFrom(ca.certificate)
}

// verifies is an error unless a certificate, with the chain that it came with, ends in
// one of some roots.
func verifies(certificate *tls.Certificate, roots string) error {
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if !options.Roots.AppendCertsFromPEM([]byte(roots)) {
		return errors.New("no root")
	}
	for _, der := range certificate.Certificate[1:] {
		between, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		options.Intermediates.AddCert(between)
	}
	_, err := certificate.Leaf.Verify(options)
	return err
}

// published is the root that an istiod keeps in a namespace.
func published(t *testing.T, w *world, namespace string) string {
	t.Helper()
	config, err := w.cluster.Admin.Get("/api/v1/namespaces/" + namespace + "/configmaps/istio-ca-root-cert")
	require.NoError(t, err)
	root, _, _ := unstructured.NestedString(config.Object, "data", "root-cert.pem")
	return root
}

// publishes is an error unless an istiod comes to keep roots in a namespace.
func publishes(w *world, namespace, roots string) error {
	return cluster.Eventually(patience, func() error {
		config, err := w.cluster.Admin.Get("/api/v1/namespaces/" + namespace + "/configmaps/istio-ca-root-cert")
		if err != nil {
			return err
		}
		if kept, _, _ := unstructured.NestedString(config.Object, "data", "root-cert.pem"); strings.TrimSpace(kept) != strings.TrimSpace(roots) {
			return fmt.Errorf("%s has other roots", namespace)
		}
		return nil
	})
}

// refusals is how many times an istiod has logged that it does not take another root.
func refusals(t *testing.T, istiod *cluster.Istiod) int {
	t.Helper()
	log, err := os.ReadFile(istiod.Log)
	require.NoError(t, err)
	return strings.Count(string(log), "updating new ROOT-CA not supported")
}

func refuses(t *testing.T, istiod *cluster.Istiod, times int) error {
	if found := refusals(t, istiod); found != times {
		return fmt.Errorf("another root is refused %d times, and not %d", found, times)
	}
	return nil
}

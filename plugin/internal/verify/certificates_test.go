package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func certificate(t *testing.T, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0)}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}))
}

// TestARootThatIsNotInEachPlaceIsFound has a server with the roots of two application namespaces, of the
// control plane's, and of a webhook.
func TestARootThatIsNotInEachPlaceIsFound(t *testing.T) {
	ours, next, evil := certificate(t, "ours"), certificate(t, "next"), certificate(t, "evil")
	for _, row := range []struct{ name, one, two, beside, webhook, later, want string }{
		{"the same everywhere", ours, ours, ours, ours, "", ""},
		{"none beside the control plane", ours, ours, "", ours, "", ""},
		{"two during a rotation", ours + next, ours + next, next + ours, ours + next, "",
			`warning: ConfigMap ns-1/istio-ca-root-cert: data[root-cert.pem]: found 2 roots, "CN=ours" (SHA-256 `},
		{"a rotation that has just begun", ours + next, ours, "", ours, ours + next, "warning: ConfigMap ns-1/istio-ca-root-cert: data[root-cert.pem]: found 2 roots"},
		{"a webhook that has not yet the next root", ours + next, ours + next, "", ours, "", "warning: ConfigMap ns-1/istio-ca-root-cert: data[root-cert.pem]: found 2 roots"},
		{"one more in a namespace", ours, ours + evil, ours, ours, "", `error: ConfigMap ns-2/istio-ca-root-cert: data[root-cert.pem]: found "CN=ours" (SHA-256 `},
		{"another in a namespace", ours, evil, ours, ours, "", `error: ConfigMap ns-2/istio-ca-root-cert: data[root-cert.pem]: found "CN=evil" (SHA-256 `},
		{"another beside the control plane", ours, ours, evil, ours, "", `error: ConfigMap istio-sales/istio-ca-root-cert: data[root-cert.pem]: found "CN=evil" (SHA-256 `},
		{"one more in a webhook", ours, ours, ours, ours + evil, "", `error: MutatingWebhookConfiguration inject: webhooks[a].clientConfig.caBundle: found "CN=evil" (SHA-256 `},
		{"another in a webhook", ours, ours, ours, evil, "", `error: MutatingWebhookConfiguration inject: webhooks[a].clientConfig.caBundle: found "CN=evil" (SHA-256 `},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			asked := map[string]bool{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				w.Header().Set("Content-Type", "application/json")
				ns := strings.Split(r.URL.Path, "/")[4]
				roots := map[string]string{"ns-1": row.one, "ns-2": row.two, "istio-sales": row.beside}[ns]
				if ns == "ns-2" && asked[ns] && row.later != "" {
					roots = row.later
				}
				asked[ns] = true
				if roots == "" {
					w.WriteHeader(http.StatusNotFound)
					_, _ = fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`)
					return
				}
				_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]string{istio.RootKey: roots}})
			}))
			defer server.Close()
			var c snapshot.Config
			c.Metadata.Name = "sales"
			c.Spec.ControlPlane.Namespace, c.Spec.ApplicationNamespaces = "istio-sales", []string{"ns-1", "ns-2"}
			plane := `{apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod, namespace: istio-sales, labels: {app: istiod, istio-tenancy.dev/tenant: sales}}, spec: {template: {spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:1.31.0", args: [discovery]}]}}}}`
			hook := fmt.Sprintf(`{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: inject}, webhooks: [{name: a, clientConfig: {service: {name: istiod}, caBundle: %s}}]}`,
				base64.StdEncoding.EncodeToString([]byte(row.webhook)))
			planned, err := snapshot.OfCluster("rendered", [][]byte{marshal(decoded(t, plane))}, []snapshot.Config{c})
			require.NoError(t, err)
			v := &verifier{client: connected(t, strings.TrimPrefix(server.URL, "http://")), configs: []snapshot.Config{c}, planned: planned, besides: map[string]bool{"istio-sales": true},
				rendered: []item{{decoded(t, hook), "sales"}}, report: &Report{tenants: map[string]*Tenant{"sales": {}}}}
			v.present.Store(object.ID{Group: admissions, Kind: "MutatingWebhookConfiguration", Name: "inject"}, decoded(t, hook))
			v.certificates(t.Context())
			require.Empty(t, v.report.Unasked)
			var lines []string
			for _, f := range v.report.Findings {
				lines = append(lines, fmt.Sprintf("%s: %s: %s", f.Severity, f.Object, f.Message))
			}
			begins(t, row.want, lines)
		})
	}
}

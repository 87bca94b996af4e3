package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
)

// The Pod of examples/istioctl has no right in the API, and its certificate is one that
// any Pod of its namespace may have: istiod tells it what it tells them. No kubelet runs
// the Pod here; the test runs istioctl with the certificate that its agent has.
func TestIstioctlShowsTheProxiesOfItsNamespace(t *testing.T) {
	c := claims(t, "With the certificate of the Pod of examples/istioctl, which a tenant's administrator creates, `istioctl proxy-status` and `x internal-debug` show the proxies of the Pod's own namespace. They show no other proxy of the tenant or of istiod's namespace. Through istiod's Pod, and with a token for `istio-ca`, they show none")
	w := theWorld(t)
	fin := w.tenants["fin"]
	for _, namespace := range fin.namespaces() {
		proxy, err := proxyIn(fin.istiod, namespace)
		require.NoError(t, err)
		node := somebody(namespace)
		node.Pod, node.Listed = "member", true
		stop, err := proxy.Stay(t.Context(), node)
		require.NoError(t, err)
		defer stop()
	}
	to := []string{"--revision", "fin", "--timeout", "20s", "--xds-address", fin.istiod.ClusterIP + ":15012"}
	as := func(folder string, args ...string) (string, error) {
		return w.cluster.Istioctl("", append(append(args, to...), "--authority", fin.istiod.Host,
			"--istioNamespace", filepath.Base(folder), "--cert-dir", folder)...)
	}
	shown := func(t *testing.T, folder string, namespaces ...string) {
		t.Helper()
		out, err := as(folder, "proxy-status")
		require.NoError(t, err, out)
		for _, namespace := range fin.namespaces() {
			require.Equal(t, slices.Contains(namespaces, namespace), strings.Contains(out, "member."+namespace+" "), "member.%s in\n%s", namespace, out)
		}
	}
	folders := map[string]string{}
	for _, namespace := range fin.applications {
		folder := filepath.Join(t.TempDir(), namespace)
		require.NoError(t, os.Mkdir(folder, 0o700))
		folders[namespace] = folder
		writeCertificate(t, fin.istiod, tokenOfIstioctl(t, w, "fin-admin", namespace), folder)
		c.check("proxy-status in "+namespace, func(t *testing.T) { shown(t, folder, namespace) })
		for _, of := range fin.namespaces() {
			c.check("internal-debug in "+namespace+", of a proxy of "+of, func(t *testing.T) {
				out, err := as(folder, "x", "internal-debug", "config_dump?proxyID=member."+of)
				require.NoError(t, err, out)
				if of == namespace {
					require.Contains(t, out, "ClustersConfigDump")
				} else {
					require.Contains(t, out, "Proxy not connected")
					require.NotContains(t, out, "ConfigDump")
				}
			})
		}
		dump := filepath.Join(folder, "dump.json")
		require.NoError(t, os.WriteFile(dump, []byte(`{"configs": []}`), 0o600))
		c.check("proxy-status in "+namespace+" compares its own proxy", func(t *testing.T) {
			out, err := as(folder, "proxy-status", "member."+namespace, "--file", dump)
			require.Error(t, err, "the empty dump is as good as istiod's: %s", out)
			require.Contains(t, out, "outbound|443||istiod-fin.istio-system4.svc.cluster.local")
		})
		c.check("proxy-status in "+namespace+" compares no proxy beside istiod", func(t *testing.T) {
			out, err := as(folder, "proxy-status", "member.istio-system4", "--file", dump)
			require.Error(t, err, out)
			require.Contains(t, out, "unable to find config dump in Istiod responses")
		})
	}
	for _, page := range []string{"edsz", "ndsz"} {
		c.check("internal-debug "+page+" of its own proxy", func(t *testing.T) {
			out, err := as(folders["ns-5"], "x", "internal-debug", page+"?proxyID=member.ns-5")
			require.NoError(t, err, out)
			require.NotContains(t, out, "not connected")
			out, err = as(folders["ns-5"], "x", "internal-debug", page+"?proxyID=member.ns-6")
			require.NoError(t, err, out)
			require.Contains(t, out, "not connected")
		})
	}
	for _, page := range []string{"syncz", "registryz", "configz", "endpointShardz", "connections", "pushcontext", "krtz", "inject", "mesh", "list"} {
		c.check("internal-debug "+page, func(t *testing.T) {
			out, err := as(folders["ns-5"], "x", "internal-debug", page)
			require.Error(t, err, out)
			require.Contains(t, out, "PermissionDenied")
		})
	}
	for _, row := range []struct {
		name, refused string
		args          []string
	}{
		{"a port-forward to istiod", `cannot create resource "serviceaccounts/token"`, []string{"proxy-status", "--revision", "fin", "-i", "istio-system4"}},
		{"a token for istio-ca of an own account", "authentication failure", append([]string{"proxy-status", "-i", "ns-5"}, to...)},
	} {
		c.check(row.name, func(t *testing.T) {
			out, err := w.cluster.Istioctl("fin-admin", row.args...)
			require.Error(t, err, out)
			require.Contains(t, out, row.refused)
		})
	}
	c.check("as another namespace than the certificate is of", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "ns-6")
		require.NoError(t, os.CopyFS(other, os.DirFS(folders["ns-5"])))
		out, err := as(other, "proxy-status")
		require.Error(t, err, out)
		require.Contains(t, out, "PermissionDenied")
	})
	c.check("with a certificate of another tenant's mesh", func(t *testing.T) {
		dev := w.tenants["dev"].istiod
		token, err := dev.ProxyToken("ns-0", "default")
		require.NoError(t, err)
		folder := filepath.Join(t.TempDir(), "ns-5")
		require.NoError(t, os.CopyFS(folder, os.DirFS(folders["ns-5"])))
		writeCertificate(t, dev, token, folder)
		out, err := as(folder, "proxy-status", "--insecure")
		require.Error(t, err, out)
		require.NotContains(t, out, "member.")
	})
	c.check("for comparison: with a certificate of an account beside istiod, which the administrator does not get, all", func(t *testing.T) {
		token, err := fin.istiod.ProxyToken("istio-system4", "default")
		require.NoError(t, err)
		folder := filepath.Join(t.TempDir(), "istio-system4")
		require.NoError(t, os.Mkdir(folder, 0o700))
		writeCertificate(t, fin.istiod, token, folder)
		shown(t, folder, fin.namespaces()...)
	})
}

func TestIstioctlAnalyzesWhatItsUserMayRead(t *testing.T) {
	c := claims(t, "`istioctl analyze`, with the commands of docs/istioctl.md, shows a tenant's administrator the errors in the administrator's own namespace, and no others. It can read nothing of the live cluster")
	w := theWorld(t)
	for namespace, admin := range map[string]string{"ns-0": "dev-admin", "ns-1": "sales-admin"} {
		mistake := parse(t, strings.ReplaceAll(mistake, "NAMESPACE", namespace))
		_, err := w.cluster.As(admin).Apply(mistake)
		require.NoError(t, err)
		defer remove(t, w, mistake)
	}
	commands := commandsOf(t, "analyze")
	require.Len(t, commands, 2)
	file := filepath.Join(t.TempDir(), "ns-1.yaml")
	analyze := func(user, kinds string) (string, error) {
		read, _, _ := strings.Cut(strings.TrimPrefix(commands[0], "kubectl "), " > ")
		read = strings.Replace(read, "istio-io", kinds, 1)
		out, err := w.cluster.Kubectl(user, strings.Fields(read)...)
		if err != nil {
			return out, err
		}
		if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
			return "", err
		}
		line := strings.ReplaceAll(strings.TrimPrefix(commands[1], "istioctl "), "ns-1.yaml", file)
		return w.cluster.Istioctl(user, strings.Fields(line)...)
	}
	c.check("a mistake of one's own", func(t *testing.T) {
		out, err := analyze("sales-admin", "istio-io")
		require.Error(t, err, out)
		require.Contains(t, out, `(VirtualService ns-1/wrong`)
		require.Contains(t, out, `Referenced gateway not found: "absent"`)
		require.Contains(t, out, `Referenced host+subset in destinationrule not found: "wrong+none"`)
		require.NotContains(t, out, "ns-0")
		require.Equal(t, 2, strings.Count(out, "Error ["), "what is rendered is called wrong as well:\n%s", out)
	})
	c.check("a mistake of somebody else's", func(t *testing.T) {
		out, err := analyze("dev-admin", "istio-io")
		require.Error(t, err, out)
		require.Contains(t, out, `User "dev-admin" cannot list resource`)
	})
	c.check("the live cluster", func(t *testing.T) {
		out, err := w.cluster.Istioctl("sales-admin", "analyze", "-n", "ns-1", "-i", "istio-system1", "--revision", "sales")
		require.Error(t, err, out)
		require.Contains(t, out, `cannot list resource "secrets" in API group "" in the namespace "istio-system1"`)
	})
	c.check("nothing is read where a Service is in the file, as the page warns", func(t *testing.T) {
		out, err := analyze("sales-admin", "istio-io,services")
		require.NoError(t, err, out)
		require.Contains(t, out, "No validation issues found")
	})
	c.check("no mistake", func(t *testing.T) {
		remove(t, w, parse(t, strings.ReplaceAll(mistake, "NAMESPACE", "ns-1")))
		out, err := analyze("sales-admin", "istio-io")
		require.NoError(t, err, out)
		require.Contains(t, out, "No validation issues found")
	})
}

const mistake = `
apiVersion: v1
kind: Service
metadata: {name: wrong, namespace: NAMESPACE}
spec: {selector: {app: wrong}, ports: [{name: http, port: 9080}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wrong, namespace: NAMESPACE}
spec:
  hosts: [wrong]
  gateways: [absent, mesh]
  http: [{route: [{destination: {host: wrong, subset: none}}]}]
`

// commandsOf are the commands in the first block below a heading of docs/istioctl.md.
func commandsOf(t *testing.T, heading string) []string {
	t.Helper()
	page, err := os.ReadFile("../docs/istioctl.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(page), "\n## "+heading+"\n")
	require.True(t, found, "docs/istioctl.md: has no heading %s", heading)
	_, after, _ = strings.Cut(after, "```sh\n")
	block, _, _ := strings.Cut(after, "\n```")
	return strings.Split(block, "\n")
}

// tokenOfIstioctl applies the example as a tenant's administrator does, until the test
// ends, and returns the token that the kubelet gives to the agent of its Pod.
func tokenOfIstioctl(t *testing.T, w *world, admin, namespace string) string {
	t.Helper()
	text, err := os.ReadFile("../examples/istioctl/istioctl.yaml")
	require.NoError(t, err)
	objects := parse(t, string(text))
	for _, object := range objects {
		object.SetNamespace(namespace)
	}
	_, err = w.cluster.As(admin).Apply(objects)
	require.NoError(t, err)
	t.Cleanup(func() { remove(t, w, objects) })
	var pods []*cluster.Object
	require.NoError(t, cluster.Eventually(patience, func() error {
		pods, err = w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods?labelSelector=app=istioctl")
		if err == nil && len(pods) != 1 {
			err = fmt.Errorf("found %d Pods of Deployment %s/istioctl, but there must be 1", len(pods), namespace)
		}
		return err
	}))
	token, err := w.cluster.TokenOf(pods[0])
	require.NoError(t, err)
	return token
}

// writeCertificate has istiod sign a certificate for a token, and writes it into a folder
// as the agent does into /var/lib/istio/data.
func writeCertificate(t *testing.T, istiod *cluster.Istiod, token, folder string) {
	t.Helper()
	roots, err := istiod.Roots()
	require.NoError(t, err)
	caller := xds.Caller{Address: istiod.ClusterIP + ":15012", Metadata: xds.Bearer(token), TLS: &tls.Config{RootCAs: roots, ServerName: istiod.Host}}
	signed, err := caller.Sign(t.Context(), "")
	require.NoError(t, err)
	key, err := x509.MarshalECPrivateKey(signed.PrivateKey.(*ecdsa.PrivateKey))
	require.NoError(t, err)
	write := func(name, kind string, all ...[]byte) error {
		var text bytes.Buffer
		for _, der := range all {
			if err := pem.Encode(&text, &pem.Block{Type: kind, Bytes: der}); err != nil {
				return err
			}
		}
		return os.WriteFile(filepath.Join(folder, name), text.Bytes(), 0o600)
	}
	require.NoError(t, errors.Join(
		write("key.pem", "EC PRIVATE KEY", key),
		write("cert-chain.pem", "CERTIFICATE", signed.Certificate...),
		write("root-cert.pem", "CERTIFICATE", signed.Certificate[len(signed.Certificate)-1]),
	))
}

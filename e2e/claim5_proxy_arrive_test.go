package e2e

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
)

// arrival is something that is made, changed and deleted, in NAMESPACE. WORD is
// first "made" and then "changed", and PORT first 1 and then 2; mark is what a
// proxy is told of it.
type arrival struct {
	name, yaml, mark string
	// alone says that it is for application namespaces: istiod deploys nothing
	// beside itself.
	alone bool
}

func TestWhatIsMadeChangedAndDeletedArrivesThroughTheProxy(t *testing.T) {
	c := claims(t, "Objects that are created, changed and deleted in one of several application namespaces, and in istiod's namespace, reach the tenant's proxies through the API proxy. Objects in ns-0 never do")
	w := theWorld(t)
	fin := w.tenants["fin"]
	deployBookinfo(t, w, "ns-6")
	require.NoError(t, w.cluster.RunPods())
	sidecar := proxyOf(t, w, "ns-6", "details")
	words := map[string]certificate{"made": newCertificate(t), "changed": newCertificate(t)}
	objects := func(row arrival, namespace, word string) []*cluster.Object {
		port := map[string]string{"made": "1", "changed": "2"}[word]
		return parse(t, strings.NewReplacer("NAMESPACE", namespace, "WORD", word, "PORT", port,
			"CERTIFICATE", words[word].certificate, "KEY", words[word].key).Replace(row.yaml))
	}
	mark := func(row arrival, namespace, word string) string {
		port := map[string]string{"made": "1", "changed": "2"}[word]
		return strings.NewReplacer("NAMESPACE", namespace, "WORD", word, "PORT", port, "CERTIFICATE", words[word].mark).Replace(row.mark)
	}
	for _, row := range arrivals {
		foreign := objects(row, "ns-0", "made")
		_, err := w.cluster.Admin.Apply(foreign)
		require.NoError(t, err)
		defer w.cluster.Admin.Delete(foreign)
	}
	for _, namespace := range []string{"ns-6", fin.controlPlane} {
		arrivals := slices.DeleteFunc(slices.Clone(arrivals), func(row arrival) bool { return row.alone && namespace == fin.controlPlane })
		for _, word := range []string{"made", "changed", "deleted"} {
			for _, row := range arrivals {
				if word == "deleted" {
					require.NoError(t, w.cluster.Admin.Delete(objects(row, namespace, "changed")))
					continue
				}
				_, err := w.cluster.Admin.Apply(objects(row, namespace, word))
				require.NoError(t, err)
			}
			var text string
			seen := func(row arrival) (wrong error) {
				for _, w := range []string{"made", "changed"} {
					if m := mark(row, namespace, w); strings.Contains(text, m) != (w == word) {
						wrong = fmt.Errorf("%s %s in %s: %q is told: %v", row.name, word, namespace, m, w != word)
					}
				}
				return wrong
			}
			late := cluster.Eventually(patience, func() (err error) {
				text, err = atProxies(fin, sidecar, namespace)
				for _, row := range arrivals {
					err = errors.Join(err, seen(row))
				}
				return err
			})
			if late != nil {
				t.Log(late)
			}
			for _, row := range arrivals {
				err := seen(row)
				c.verify(err == nil, "%v", err)
				c.verify(!strings.Contains(text, mark(row, "ns-0", "made")), "%s of ns-0 is told", row.name)
			}
		}
	}
}

// arrivals are of each kind that matters. Those of ns-0 are about a Service of
// ns-6 where there is one: nothing but that istiod does not see them keeps them
// out.
var arrivals = []arrival{
	{name: "a Service", yaml: `{apiVersion: v1, kind: Service, metadata: {name: arrives, namespace: NAMESPACE}, spec: {ports: [{name: tcp, port: 710PORT}]}}`,
		mark: `outbound|710PORT||arrives.NAMESPACE.svc`},
	{name: "a DestinationRule", yaml: `{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: arrives, namespace: NAMESPACE}, spec: {host: ratings.ns-6.svc.cluster.local, subsets: [{name: WORD-in-NAMESPACE, labels: {version: v1}}]}}`,
		mark: `outbound|9080|WORD-in-NAMESPACE|ratings.ns-6.svc`},
	{name: "a VirtualService", yaml: `{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: arrives, namespace: NAMESPACE}, spec: {hosts: [productpage.ns-6.svc.cluster.local], http: [{headers: {request: {set: {x-WORD-in-NAMESPACE: "yes"}}}, route: [{destination: {host: productpage.ns-6.svc.cluster.local}}]}]}}`,
		mark: `x-WORD-in-NAMESPACE`},
	{name: "a PeerAuthentication", yaml: `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: arrives, namespace: NAMESPACE, labels: {mark: WORD-in-NAMESPACE}}, spec: {selector: {matchLabels: {app: details}}, mtls: {mode: STRICT}, portLevelMtls: {"720PORT": {mode: DISABLE}}}}`,
		mark: `PeerAuthentication WORD-in-NAMESPACE`},
	{name: "a ServiceEntry", yaml: `{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: arrives, namespace: NAMESPACE}, spec: {hosts: [arrives.NAMESPACE.example], ports: [{name: tcp, number: 730PORT, protocol: TCP}], resolution: DNS}}`,
		mark: `outbound|730PORT||arrives.NAMESPACE.example`},
	{name: "a Secret, by SDS", yaml: `
apiVersion: v1
kind: Secret
metadata: {name: arrives, namespace: NAMESPACE}
type: kubernetes.io/tls
data: {tls.crt: CERTIFICATE, tls.key: KEY}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: arrives, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: ServiceAccount, name: default, namespace: NAMESPACE}, {kind: ServiceAccount, name: default, namespace: ns-6}]
`,
		mark: `NAMESPACE: CERTIFICATE`},
	{name: "a Gateway of Istio", yaml: `{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: arrives, namespace: NAMESPACE}, spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 740PORT, name: http, protocol: HTTP}, hosts: ["*"]}]}}`,
		mark: `NAMESPACE: 0.0.0.0_740PORT`},
	{name: "a Gateway of the Gateway API", yaml: `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: arrives, namespace: NAMESPACE}, spec: {gatewayClassName: istio-fin, listeners: [{name: http, port: 750PORT, protocol: HTTP}]}}`,
		mark: `NAMESPACE: 0.0.0.0_750PORT`, alone: true},
}

// atProxies is what a sidecar is told, and what the gateways in a namespace are:
// one of Istio's, and one that the Gateway API's Gateway has. A policy for the
// whole mesh is seen in what istiod holds.
func atProxies(tenant *tenant, sidecar xds.Node, namespace string) (string, error) {
	var text strings.Builder
	resources, err := told(tenant.istiod, sidecar)
	if err != nil {
		return "", err
	}
	for name, resource := range resources {
		fmt.Fprintln(&text, name, resource)
	}
	for _, labels := range []map[string]string{{"istio": "ingressgateway"}, {"gateway.networking.k8s.io/gateway-name": "arrives"}} {
		gateway := xds.Node{Gateway: true, Namespace: namespace, Pod: "arrives", IP: "10.97.99.96", Labels: labels}
		snapshot, err := askIstiod(tenant.istiod, gateway, "http.80")
		if err != nil {
			return "", err
		}
		for _, name := range snapshot.Names(xds.Listeners) {
			fmt.Fprintf(&text, "%s: %s\n", namespace, name)
		}
	}
	secrets, err := secretsAt(tenant.istiod, namespace, map[string]string{
		"kubernetes://arrives": namespace, "kubernetes-gateway://ns-0/arrives": "ns-0"})
	if err != nil {
		return "", err
	}
	text.WriteString(secrets)
	held, err := tenant.istiod.Debug("/debug/configz")
	if err != nil {
		return "", err
	}
	var policies []struct {
		Kind     string
		Metadata struct{ Labels map[string]string }
	}
	if err := json.Unmarshal(held, &policies); err != nil {
		return "", err
	}
	for _, policy := range policies {
		fmt.Fprintf(&text, "%s %s\n", policy.Kind, policy.Metadata.Labels["mark"])
	}
	return text.String(), nil
}

// secretsAt is what the gateway in a namespace is given of Secrets, whose names
// are of a namespace each. For a Secret that it is not to have there is no answer.
func secretsAt(istiod *cluster.Istiod, namespace string, names map[string]string) (string, error) {
	caller, err := proxyIn(istiod, namespace)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	gateway := xds.Node{Gateway: true, Namespace: namespace, Pod: "arrives", IP: "10.97.99.96"}
	response, err := caller.First(ctx, gateway, xds.Secrets, slices.Sorted(maps.Keys(names))...)
	if ctx.Err() != nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, resource := range response.Resources {
		for name, from := range names {
			for line := range strings.Lines(string(resource.Value)) {
				if strings.Contains(string(resource.Value), name) {
					fmt.Fprintf(&text, "%s: %s\n", from, line)
				}
			}
		}
	}
	return text.String(), nil
}

// certificate is what a Secret holds, and a line of it.
type certificate struct{ certificate, key, mark string }

func newCertificate(t *testing.T) certificate {
	t.Helper()
	made := forge(t, "spiffe://fin.mesh/ns/ns-6/sa/default", nil)
	key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	require.NoError(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Certificate[0]})
	return certificate{
		certificate: base64.StdEncoding.EncodeToString(text),
		key:         base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		mark:        strings.Split(string(text), "\n")[3],
	}
}

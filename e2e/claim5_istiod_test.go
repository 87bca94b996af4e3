package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// patience is for what arrives within a second on a machine that does nothing else.
const patience = time.Minute

func TestEachIstiodServesItsTenantAndKnowsNoOther(t *testing.T) {
	c := claims(t, "Each istiod, with its confined rights, serves its tenant's proxies and knows no service of another's")
	w := theWorld(t)
	for _, name := range tenantNames {
		for _, namespace := range w.tenants[name].applications {
			deployBookinfo(t, w, namespace)
		}
	}
	require.NoError(t, w.cluster.RunPods())
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		c.check(name+": /debug/registryz", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				registry, err := tenant.istiod.Debug("/debug/registryz")
				if err != nil {
					return err
				}
				return errors.Join(mentions(w, name, string(registry)),
					contains(string(registry), "reviews."+tenant.applications[0]+".svc.cluster.local"))
			}))
		})
		for _, namespace := range tenant.applications {
			c.check(name+": clusters, endpoints, listeners and routes of a proxy in "+namespace, func(t *testing.T) {
				proxy := proxyOf(t, w, namespace, "details")
				service := "outbound|9080||reviews." + namespace + ".svc.cluster.local"
				require.NoError(t, cluster.Eventually(patience, func() error {
					snapshot, err := ask(tenant, proxy)
					if err != nil {
						return err
					}
					text, err := snapshot.Text()
					if err != nil {
						return err
					}
					if snapshot.Cluster(service) == nil {
						return fmt.Errorf("no cluster %s among %q", service, snapshot.Names(xds.Clusters))
					}
					if addresses := snapshot.Addresses(service); len(addresses) != 3 {
						return fmt.Errorf("%s has the endpoints %q, not three", service, addresses)
					}
					if snapshot.Listener("virtualInbound") == nil || len(snapshot[xds.Routes]) != 1 {
						return errors.New("no inbound listener, or no routes")
					}
					return mentions(w, name, text)
				}))
			})
		}
	}
}

// ask asks a tenant's istiod what a proxy of the Bookinfo would ask.
func ask(tenant *tenant, proxy xds.Node) (xds.Snapshot, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return xds.Ask(ctx, tenant.istiod.GRPC, proxy, "9080")
}

// proxyOf is the proxy in a pod of an application.
func proxyOf(t *testing.T, w *world, namespace, app string) xds.Node {
	t.Helper()
	pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods?labelSelector=app=" + app)
	require.NoError(t, err)
	require.NotEmpty(t, pods)
	ip, _, _ := unstructured.NestedString(pods[0].Object, "status", "podIP")
	return xds.Node{Namespace: namespace, Pod: pods[0].GetName(), IP: ip, Labels: pods[0].GetLabels()}
}

// mentions is an error if text has a host name, an identity or a namespace of
// another tenant.
func mentions(w *world, name, text string) error {
	for _, other := range w.others(name) {
		for _, namespace := range other.namespaces() {
			pattern := regexp.MustCompile(`(?:[./|"]|ns/)` + regexp.QuoteMeta(namespace) + `(?:[./|"]|$)`)
			if found := pattern.FindStringIndex(text); found != nil {
				return fmt.Errorf("of namespace %s of tenant %s is said: %q",
					namespace, other.name, text[max(0, found[0]-60):min(len(text), found[1]+60)])
			}
		}
	}
	return nil
}

func contains(text, part string) error {
	if !strings.Contains(text, part) {
		return fmt.Errorf("%q is not said", part)
	}
	return nil
}

func TestWhatATenantConfiguresArrivesAtItsOwnProxiesAlone(t *testing.T) {
	c := claims(t, "A Service, a DestinationRule and a PeerAuthentication made in ns-1 arrive at sales' proxies and not at dev's")
	w := theWorld(t)
	sales, dev := w.tenants["sales"], w.tenants["dev"]
	deployBookinfo(t, w, "ns-1")
	deployBookinfo(t, w, "ns-0")
	require.NoError(t, w.cluster.RunPods())
	own, foreign := proxyOf(t, w, "ns-1", "details"), proxyOf(t, w, "ns-0", "details")
	before := textOf(t, dev, foreign)

	for _, row := range []struct {
		name, yaml string
		arrived    func(xds.Snapshot) bool
	}{
		{"Service", `{apiVersion: v1, kind: Service, metadata: {name: ledger, namespace: ns-1}, spec: {selector: {app: ledger}, ports: [{name: http, port: 80}]}}`,
			func(s xds.Snapshot) bool { return s.Cluster("outbound|80||ledger.ns-1.svc.cluster.local") != nil }},
		{"DestinationRule", `{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: reviews, namespace: ns-1}, spec: {host: reviews, subsets: [{name: v2, labels: {version: v2}}]}}`,
			func(s xds.Snapshot) bool {
				return s.Cluster("outbound|9080|v2|reviews.ns-1.svc.cluster.local") != nil
			}},
		{"PeerAuthentication", `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: details, namespace: ns-1}, spec: {selector: {matchLabels: {app: details}}, mtls: {mode: DISABLE}}}`,
			func(s xds.Snapshot) bool { return !acceptsTLS(s) }},
	} {
		c.check(row.name+" arrives", func(t *testing.T) {
			snapshot, err := ask(sales, own)
			require.NoError(t, err)
			require.False(t, row.arrived(snapshot), "before it was made")
			objects, err := cluster.Parse([]byte(row.yaml))
			require.NoError(t, err)
			_, err = w.cluster.As(sales.admin).Apply(objects)
			require.NoError(t, err)
			t.Cleanup(func() { w.cluster.Admin.Delete(objects) })
			require.NoError(t, cluster.Eventually(patience, func() error {
				snapshot, err := ask(sales, own)
				if err == nil && !row.arrived(snapshot) {
					err = errors.New("not arrived")
				}
				return err
			}))
			require.Equal(t, before, textOf(t, dev, foreign), "dev's proxies were told something")
		})
	}
}

// NetworkPolicies need a CNI to be tried; what istiod tells the proxies does not.
func TestTheWallsOfTheMeshArriveAtEveryProxy(t *testing.T) {
	c := claims(t, "Every proxy of a tenant demands mutual TLS and denies identities of other tenants")
	w := theWorld(t)
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		for _, namespace := range tenant.applications {
			deployBookinfo(t, w, namespace)
			require.NoError(t, w.cluster.RunPods())
			proxy := proxyOf(t, w, namespace, "details")
			c.check(namespace, func(t *testing.T) {
				require.NoError(t, cluster.Eventually(patience, func() error {
					snapshot, err := ask(tenant, proxy)
					if err != nil {
						return err
					}
					served := 0
					for _, chain := range snapshot.Listener("virtualInbound").GetFilterChains() {
						if chain.GetFilterChainMatch().GetDestinationPort().GetValue() == 9080 {
							served++
							if chain.GetTransportSocket() == nil {
								return fmt.Errorf("%s accepts plaintext", chain.GetName())
							}
						}
					}
					if served == 0 {
						return errors.New("nothing is served at port 9080")
					}
					text, err := snapshot.Text()
					return errors.Join(err, contains(text, "policy[deny-other-tenants]"))
				}))
			})
		}
	}
}

func textOf(t *testing.T, tenant *tenant, proxy xds.Node) string {
	t.Helper()
	snapshot, err := ask(tenant, proxy)
	require.NoError(t, err)
	text, err := snapshot.Text()
	require.NoError(t, err)
	return text
}

// acceptsTLS says whether a proxy terminates mutual TLS.
func acceptsTLS(s xds.Snapshot) bool {
	for _, chain := range s.Listener("virtualInbound").GetFilterChains() {
		if chain.GetTransportSocket() != nil {
			return true
		}
	}
	return false
}

func TestEachIstiodKeepsItsRootCertificateInItsOwnNamespacesAndTouchesNoOther(t *testing.T) {
	c := claims(t, "Each istiod keeps `istio-ca-root-cert` in its own application namespaces, puts its own CA into its own webhooks, and writes nowhere else")
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
		configs, err := w.cluster.Admin.Items("/api/v1/configmaps?fieldSelector=metadata.name=istio-ca-root-cert")
		require.NoError(t, err)
		for _, config := range configs {
			require.True(t, expected[config.GetNamespace()], "in %s", config.GetNamespace())
		}
	})
}

func isRead(verb string) bool { return verb == "get" || verb == "list" || verb == "watch" }

func TestTheRightInjectorInjectsAndOnlyThatOne(t *testing.T) {
	c := claims(t, "The API server calls the injector of the Pod's own tenant and no other, whatever the Pod's labels say")
	w := theWorld(t)
	for _, row := range []struct {
		name, namespace string
		labels          map[string]any
		by              string // whose injector is called; empty: none
	}{
		{"a Pod in ns-1", "ns-1", nil, "sales"},
		{"a Pod in ns-0", "ns-0", nil, "dev"},
		{"a Pod in ns-2, the copied tenant's", "ns-2", nil, "hr"},
		{"a Pod in ns-4, one of two", "ns-4", nil, "ops"},
		{"a Pod in ns-1 that asks for sales' revision", "ns-1", map[string]any{"istio.io/rev": "sales"}, "sales"},
		{"a Pod in default", "default", nil, ""},
		{"a Pod in default that asks for sales' revision", "default", map[string]any{"istio.io/rev": "sales"}, ""},
		{"a Pod in kube-system that asks for sales' revision", "kube-system", map[string]any{"istio.io/rev": "sales"}, ""},
		{"a Pod in sales' control-plane namespace", "istio-system1", nil, ""},
	} {
		c.check(row.name, func(t *testing.T) {
			before := injections(t, w)
			pod := createPod(t, w, row.namespace, row.labels)
			containers, _ := json.Marshal(pod.Object["spec"])
			require.Equal(t, row.by != "", strings.Contains(string(containers), `"name":"istio-proxy"`), "injected")
			if row.by != "" {
				tenant := w.tenants[row.by]
				require.Contains(t, string(containers), fmt.Sprintf("istiod-%s.%s.svc:15012", tenant.istiod.Revision, tenant.controlPlane))
				require.NoError(t, mentions(w, row.by, string(containers)))
			}
			after := injections(t, w)
			for _, name := range tenantNames {
				called := after[name] - before[name]
				require.Equal(t, name == row.by, called > 0, "%s's injector was called %v times", name, called)
			}
		})
	}
	c.check("a Pod in ns-0 that asks for sales' revision is not injected by sales", func(t *testing.T) {
		before := injections(t, w)
		pod := createPod(t, w, "ns-0", map[string]any{"istio.io/rev": "sales"})
		spec, _ := json.Marshal(pod.Object["spec"])
		require.NoError(t, mentions(w, "dev", string(spec)))
		require.Equal(t, before["sales"], injections(t, w)["sales"])
	})
}

// injections counts what each injector was asked for.
func injections(t *testing.T, w *world) map[string]float64 {
	t.Helper()
	counts := map[string]float64{}
	for _, name := range tenantNames {
		var err error
		counts[name], err = w.tenants[name].istiod.Metric("sidecar_injection_requests_total")
		require.NoError(t, err)
	}
	return counts
}

// createPod creates a Pod as far as admission goes, and returns what would be stored.
func createPod(t *testing.T, w *world, namespace string, labels map[string]any) *cluster.Object {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "probe", "labels": labels},
		"spec": map[string]any{"containers": []any{map[string]any{"name": "app", "image": "registry.example/app"}}},
	})
	require.NoError(t, err)
	answer, err := w.cluster.Admin.Do("POST", "/api/v1/namespaces/"+namespace+"/pods?dryRun=All", string(body))
	require.NoError(t, err)
	require.NoError(t, answer.Error())
	pod := &cluster.Object{}
	require.NoError(t, json.Unmarshal(answer.Body, &pod.Object))
	return pod
}

func TestEachTenantsConfigurationIsValidatedByItsOwnIstiod(t *testing.T) {
	c := claims(t, "A wrong VirtualService is refused by the validating webhook of the tenant's own istiod")
	w := theWorld(t)
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		for _, namespace := range tenant.applications {
			c.check(namespace, func(t *testing.T) {
				settled(t, w.cluster, tenant)
				before := map[string]float64{}
				for _, n := range tenantNames {
					before[n], _ = w.tenants[n].istiod.Metric("galley_validation_failed")
				}
				answer, err := w.cluster.As(tenant.admin).Do("POST", "/apis/networking.istio.io/v1/namespaces/"+namespace+"/virtualservices",
					object("networking.istio.io/v1", "VirtualService", "wrong", `"spec":{"hosts":["a"],"http":[{"route":[{"destination":{"host":"a"},"weight":-1}]}]}`))
				require.NoError(t, err)
				require.Contains(t, answer.Message(), "validation.istio.io", "%d", answer.Code)
				for _, n := range tenantNames {
					after, _ := w.tenants[n].istiod.Metric("galley_validation_failed")
					require.Equal(t, n == name, after > before[n], "%s's istiod was asked", n)
				}
			})
		}
	}
}

// istiod's CA asks the API server whose a token is, and for nothing else: it
// signs for a neighbour's ServiceAccount as well. What it signs names the
// neighbour's namespace, which every proxy of the tenant denies.
func TestACertificateNamesTheTrustDomainOfTheTenantAndTheNamespaceOfTheToken(t *testing.T) {
	c := claims(t, "A certificate names the tenant's trust domain and the token's own namespace; without a token there is none")
	w := theWorld(t)
	for _, row := range []struct{ istiod, namespace, identity string }{
		{"dev", "ns-0", "spiffe://dev.mesh/ns/ns-0/sa/default"},
		{"sales", "ns-1", "spiffe://sales.mesh/ns/ns-1/sa/default"},
		{"ops", "ns-4", "spiffe://ops.mesh/ns/ns-4/sa/default"},
		{"sales", "ns-0", "spiffe://sales.mesh/ns/ns-0/sa/default"},
		{"sales", "", ""},
	} {
		c.check(fmt.Sprintf("%s signs for %q", row.istiod, row.namespace), func(t *testing.T) {
			tenant := w.tenants[row.istiod]
			path := "/api/v1/namespaces/" + tenant.applications[0] + "/configmaps/istio-ca-root-cert"
			var config *cluster.Object
			require.NoError(t, cluster.Eventually(patience, func() (err error) {
				config, err = w.cluster.Admin.Get(path)
				return err
			}))
			root, _, _ := unstructured.NestedString(config.Object, "data", "root-cert.pem")
			token := "none"
			if row.namespace != "" {
				var err error
				token, err = w.cluster.ServiceAccountToken(row.namespace, "default", "istio-ca")
				require.NoError(t, err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			host := "istiod-" + tenant.name + "." + tenant.controlPlane + ".svc"
			certificate, err := xds.Sign(ctx, tenant.istiod.Secure, host, root, token)
			if row.identity == "" {
				require.ErrorContains(t, err, "Unauthenticated")
				return
			}
			require.NoError(t, err)
			require.Len(t, certificate.URIs, 1)
			require.Equal(t, row.identity, certificate.URIs[0].String())
		})
	}
}

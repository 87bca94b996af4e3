package e2e

import (
	"context"
	"crypto/tls"
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
	c := claims(t, "Each istiod, with its confined rights, serves its tenant's proxies and knows no service of another tenant")
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
	return askIstiod(tenant.istiod, proxy, "9080")
}

func askIstiod(istiod *cluster.Istiod, proxy xds.Node, routes ...string) (xds.Snapshot, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	caller, err := proxyIn(istiod, proxy.Namespace)
	if err != nil {
		return nil, err
	}
	return caller.Ask(ctx, proxy, routes...)
}

// proxyIn calls an istiod as the proxy of a Pod in a namespace does: through
// the Service, with TLS, with a token for that istiod.
func proxyIn(istiod *cluster.Istiod, namespace string) (xds.Caller, error) {
	return proxyAs(istiod, namespace, "default")
}

// proxyAs is proxyIn for a Pod of another ServiceAccount.
func proxyAs(istiod *cluster.Istiod, namespace, account string) (xds.Caller, error) {
	roots, err := istiod.Roots()
	if err != nil {
		return xds.Caller{}, err
	}
	token, err := istiod.ProxyToken(namespace, account)
	return xds.Caller{
		Address:  istiod.ClusterIP + ":15012",
		TLS:      &tls.Config{RootCAs: roots, ServerName: istiod.Host},
		Metadata: xds.Bearer(token),
	}, err
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
		if err := names(other.namespaces(), text); err != nil {
			return fmt.Errorf("tenant %s: %w", other.name, err)
		}
	}
	return nil
}

// names is an error if text has a host name, an identity or a namespace of one of
// these namespaces.
func names(namespaces []string, text string) error {
	for _, namespace := range namespaces {
		pattern := regexp.MustCompile(`(?:[./|"]|ns/)` + regexp.QuoteMeta(namespace) + `(?:[./|"]|$)`)
		if found := pattern.FindStringIndex(text); found != nil {
			return fmt.Errorf("of namespace %s is said: %q", namespace, text[max(0, found[0]-60):min(len(text), found[1]+60)])
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
	c := claims(t, "A Service, a DestinationRule and a PeerAuthentication created in ns-1 reach sales' proxies and not dev's")
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
	c := claims(t, "Every proxy of a tenant requires mutual TLS and denies identities of other tenants")
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
					return walled(snapshot)
				}))
			})
		}
	}
}

// walled is an error unless a proxy demands mutual TLS, and denies other tenants.
func walled(snapshot xds.Snapshot) error {
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
}

func textOf(t *testing.T, tenant *tenant, proxy xds.Node) string {
	t.Helper()
	text, err := textFor(tenant, proxy)
	require.NoError(t, err)
	return text
}

// textFor is what a proxy is told, as text. An istiod that fetches keys from where nobody
// answers lets proxies wait.
func textFor(tenant *tenant, proxy xds.Node) (string, error) {
	snapshot, err := ask(tenant, proxy)
	if err != nil {
		return "", err
	}
	return snapshot.Text()
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

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// classed are tenants of one discovery each: namespace, selectors and proxy. Their
// overlays list the base with the GatewayClass; those of dev and of sales do not,
// and of sales the class is served without it.
var classed = []string{"hr", "ops", "fin"}

// gatewayOf is a Gateway of a class, on a port that no other test has.
const gatewayOf = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: %[1]s, namespace: %[2]s}
spec: {gatewayClassName: %[3]s, listeners: [{name: http, port: 7601, protocol: HTTP}]}
`

const gateways = "/apis/gateway.networking.k8s.io/v1"

func TestAGatewayIsOfItsTenantsClass(t *testing.T) {
	c := claims(t, "A Gateway of a tenant's own class, without a revision, is deployed and served by that tenant's istiod, and only this istiod writes its status. No other istiod handles it, including those that read the whole cluster")
	w := theWorld(t)
	for _, name := range append([]string{"sales"}, classed...) {
		tenant := w.tenants[name]
		namespace := tenant.applications[0]
		objects := parse(t, fmt.Sprintf(gatewayOf, "own", namespace, "istio-"+name))
		_, err := w.cluster.As(tenant.admin).Apply(objects)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(objects)) })
		c.check(name+": its istiod deploys it, and writes its status", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				for _, path := range []string{"/apis/apps/v1/namespaces/%s/deployments/own-istio-%s", "/api/v1/namespaces/%s/services/own-istio-%s", "/api/v1/namespaces/%s/serviceaccounts/own-istio-%s"} {
					deployed, err := w.cluster.Admin.Get(fmt.Sprintf(path, namespace, name))
					if err != nil {
						return err
					}
					require.Equal(t, name+".istio-tenancy.dev/gateway-controller", deployed.GetManagedFields()[0].Manager)
				}
				return errors.Join(isSaidOf(w, namespace, "own", "Programmed"), isSaidOf(w, namespace, "own", "Accepted=True"))
			}))
		})
		c.check(name+": its istiod serves it", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return listens(w, tenant.istiod, namespace, "own") }))
		})
		for _, other := range w.others(name) {
			c.check(name+": "+other.name+"'s istiod has nothing of it, and writes nothing there", func(t *testing.T) {
				require.ErrorContains(t, listens(w, other.istiod, namespace, "own"), "no listener")
				requests, err := w.cluster.Requests(other.istiod.User())
				require.NoError(t, err)
				require.NotEmpty(t, requests)
				for _, r := range requests {
					if r.Agent != cluster.Agent && !isRead(r.Verb) {
						require.NotEqual(t, namespace, r.Namespace, "%s %s %s", r.Verb, r.Resource, r.Name)
					}
				}
			})
		}
	}
}

func TestAGatewayOfTheClassIstioIsMoved(t *testing.T) {
	c := claims(t, "A Gateway of the class `istio` becomes the tenant's as docs/gateways.md describes, and keeps the names of the objects that are deployed for it")
	w := theWorld(t)
	objects := parse(t, fmt.Sprintf(gatewayOf, "shop", "ns-3", "istio"))
	admin := w.cluster.As("ops-admin")
	_, err := admin.Apply(objects)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(objects)) })
	page, err := os.ReadFile("../docs/gateways.md")
	require.NoError(t, err)
	_, patch, found := strings.Cut(string(page), "kubectl patch gateways.gateway.networking.k8s.io shop -n market-apps --type=merge -p '")
	require.True(t, found)
	patch, _, _ = strings.Cut(patch, "'")
	c.check("the patch of the page, by the tenant's administrator", func(t *testing.T) {
		answer, err := admin.Do("PATCH", gateways+"/namespaces/ns-3/gateways/shop", strings.ReplaceAll(patch, "istio-market", "istio-ops"))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
	for _, path := range []string{"/apis/apps/v1/namespaces/ns-3/deployments/", "/api/v1/namespaces/ns-3/services/", "/api/v1/namespaces/ns-3/serviceaccounts/"} {
		c.check(path+"shop-istio", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				_, err := w.cluster.Admin.Get(path + "shop-istio")
				return err
			}))
			_, err := w.cluster.Admin.Get(path + "shop-istio-ops")
			require.Error(t, err)
		})
	}
}

func TestAGatewayOfAnotherClassIsNobodys(t *testing.T) {
	c := claims(t, "No istiod deploys, serves or answers a Gateway that names another tenant's class, or `istio`, which an older Istio of the cluster has, with a GatewayClass of that name and without")
	w := theWorld(t)
	for _, row := range []struct{ tenant, class string }{
		{"sales", "istio-fin"}, {"sales", "istio-dev"}, {"sales", "istio"}, {"sales", "istio-nobody"},
		{"hr", "istio-ops"}, {"ops", "istio-sales"}, {"ops", "istio-fin"}, {"ops", "istio"}, {"fin", "istio-ops"}, {"fin", "istio-sales"}, {"fin", "istio"},
	} {
		c.check(row.tenant+"'s, of class "+row.class, func(t *testing.T) {
			tenant := w.tenants[row.tenant]
			namespace := tenant.applications[0]
			stranger := parse(t, fmt.Sprintf(gatewayOf, "stranger", namespace, row.class))
			_, err := w.cluster.As(tenant.admin).Apply(stranger)
			require.NoError(t, err)
			defer w.cluster.Admin.Delete(stranger)
			// What comes after it is done: so would this be.
			later := parse(t, fmt.Sprintf(gatewayOf, "later", namespace, "istio-"+row.tenant))
			_, err = w.cluster.As(tenant.admin).Apply(later)
			require.NoError(t, err)
			defer w.cluster.Admin.Delete(later)
			require.NoError(t, cluster.Eventually(patience, func() error {
				return errors.Join(isSaidOf(w, namespace, "later", "Programmed"), listens(w, tenant.istiod, namespace, "later"))
			}))
			for _, one := range w.tenants {
				require.ErrorContains(t, listens(w, one.istiod, namespace, "stranger"), "no listener", one.name)
			}
			items, err := w.cluster.Admin.Items("/apis/apps/v1/deployments?labelSelector=gateway.networking.k8s.io/gateway-name=stranger")
			require.NoError(t, err)
			require.Empty(t, items)
			require.NoError(t, isSaidOf(w, namespace, "stranger", "Accepted=Unknown"), "as the API server has it by default")
		})
	}
}

func TestAGatewayClassIsItsTenantsIstiods(t *testing.T) {
	c := claims(t, "A tenant's own istiod accepts its GatewayClass, and writes its status and nothing else. Nobody else may write it, and the class `istio` is not changed")
	w := theWorld(t)
	accepted := func(class string) error {
		stored, err := w.cluster.Admin.Get(gateways + "/gatewayclasses/" + class)
		if err != nil {
			return err
		}
		return contains(conditions(stored), "Accepted=True")
	}
	for _, name := range classed {
		class := "istio-" + name
		c.check(class+" is accepted", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return accepted(class) }))
		})
		refused := func(who string, client *cluster.Client, method, path, body string) {
			c.check(fmt.Sprintf("%s: %s %s", who, method, path), func(t *testing.T) {
				answer, err := client.Do(method, gateways+"/gatewayclasses"+path, body)
				require.NoError(t, err)
				require.Equal(t, 403, answer.Code, "%.300s", answer.Message())
			})
		}
		other, someone := "istio-fin", w.tenants["fin"]
		if name == "fin" {
			other, someone = "istio-ops", w.tenants["ops"]
		}
		istiod := w.cluster.WithToken(w.tenants[name].istiod.Token)
		c.check(name+"'s istiod may write the status of its class", func(t *testing.T) {
			answer, err := istiod.Do("PATCH", gateways+"/gatewayclasses/"+class+"/status?dryRun=All", `{"status":{}}`)
			require.NoError(t, err)
			require.NoError(t, answer.Error())
		})
		for _, who := range []struct {
			name   string
			client *cluster.Client
		}{{name + "'s istiod", istiod}, {name + "'s administrator", w.cluster.As(w.tenants[name].admin)}} {
			for _, theirs := range []string{other, "istio"} {
				refused(who.name, who.client, "PATCH", "/"+theirs+"/status", `{"status":{}}`)
			}
			for _, any := range []string{class, other, "istio"} {
				refused(who.name, who.client, "PATCH", "/"+any, `{"spec":{"description":"x"}}`)
				refused(who.name, who.client, "DELETE", "/"+any+"?dryRun=All", "")
			}
			refused(who.name, who.client, "POST", "", fmt.Sprintf(`{"apiVersion":"gateway.networking.k8s.io/v1","kind":"GatewayClass","metadata":{"name":"x"},"spec":{"controllerName":"%s.istio-tenancy.dev/gateway-controller"}}`, someone.name))
		}
		refused(name+"'s administrator", w.cluster.As(w.tenants[name].admin), "PATCH", "/"+class+"/status", `{"status":{}}`)
	}
	c.check("istio is left alone", func(t *testing.T) {
		require.ErrorContains(t, accepted("istio"), "Accepted=True")
	})
}

func TestTheExampleOfGateways(t *testing.T) {
	c := claims(t, "The example with an ingress gateway, an egress gateway and a gateway of the Gateway API applies strictly. Its istiod deploys the last one, and gives each gateway its own listener and no other")
	w := theWorld(t)
	objects := applyExample(t, w, "examples/gateways")
	certificate := newCertificate(t)
	for _, secret := range [][2]string{{"market-edge", "web-certificate"}, {"market-apps", "partners-certificate"}} {
		_, err := w.cluster.Admin.Apply(parse(t, fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: %s, namespace: %s}, type: kubernetes.io/tls, data: {tls.crt: %s, tls.key: %s}}",
			secret[1], secret[0], certificate.certificate, certificate.key)))
		require.NoError(t, err)
	}
	istiod, err := w.cluster.StartIstiod(objects)
	require.NoError(t, err)
	defer istiod.Stop()
	c.check("istiod deploys partners", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			_, err := w.cluster.Admin.Get("/apis/apps/v1/namespaces/market-apps/deployments/partners-istio-market")
			return errors.Join(err, isSaidOf(w, "market-apps", "partners", "Programmed"))
		}))
	})
	rows := []struct {
		name, namespace string
		port            int
		labels          map[string]string
	}{
		{"web", "market-edge", 8443, map[string]string{"app": "web", "istio": "web"}},
		{"egress", "market-apps", 8443, map[string]string{"app": "egress", "istio": "egress"}},
		{"partners", "market-apps", 443, map[string]string{"gateway.networking.k8s.io/gateway-name": "partners"}},
	}
	for _, row := range rows {
		c.check(row.name+" listens", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return listensOn(w, istiod, row.namespace, row.port, row.labels) }))
			for _, other := range rows {
				if other.port != row.port {
					require.ErrorContains(t, listensOn(w, istiod, row.namespace, other.port, row.labels), "no listener")
				}
			}
		})
	}
	c.check("the class is accepted", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			stored, err := w.cluster.Admin.Get(gateways + "/gatewayclasses/istio-market")
			if err != nil {
				return err
			}
			return contains(conditions(stored), "Accepted=True")
		}))
	})
	c.check("its istiod is refused nothing", func(t *testing.T) {
		requests, err := w.cluster.Requests(istiod.User())
		require.NoError(t, err)
		require.NotEmpty(t, requests)
		require.Empty(t, forbidden(requests))
	})
}

// listens is an error unless an istiod gives the Pods of a Gateway its listener. They
// show a token that the istiod takes, which nobody of another tenant's namespace gets.
func listens(w *world, istiod *cluster.Istiod, namespace, gateway string) error {
	return listensOn(w, istiod, namespace, 7601, map[string]string{"gateway.networking.k8s.io/gateway-name": gateway})
}

// listensOn is listens for a port, of gateways whose Pods have labels.
func listensOn(w *world, istiod *cluster.Istiod, namespace string, port int, labels map[string]string) error {
	caller, err := proxyIn(istiod, istiod.Namespace)
	if err != nil {
		return err
	}
	token, err := w.cluster.Forge(cluster.Claims{Audience: istiod.Audience, Namespace: namespace, Name: "default", Expires: time.Now().Add(time.Hour)}, nil)
	if err != nil {
		return err
	}
	caller.Metadata = xds.Bearer(token)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	pod := xds.Node{Gateway: true, Namespace: namespace, Pod: "gateway", IP: "10.97.99.95", Labels: labels}
	response, err := caller.First(ctx, pod, xds.Listeners)
	if err != nil {
		return err
	}
	for _, listener := range response.Resources {
		if strings.Contains(string(listener.Value), fmt.Sprintf("0.0.0.0_%d", port)) {
			return nil
		}
	}
	return fmt.Errorf("no listener for %v of %s among %d", labels, namespace, len(response.Resources))
}

// conditions are an object's, as "Accepted=True Programmed=False".
func conditions(o *cluster.Object) string {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	var words []string
	for _, item := range list {
		condition := item.(map[string]any)
		words = append(words, fmt.Sprintf("%s=%s", condition["type"], condition["status"]))
	}
	return strings.Join(words, " ")
}

// isSaidOf is an error unless the conditions of a Gateway have a word.
func isSaidOf(w *world, namespace, gateway, word string) error {
	stored, err := w.cluster.Admin.Get(gateways + "/namespaces/" + namespace + "/gateways/" + gateway)
	if err != nil {
		return err
	}
	return contains(conditions(stored), word)
}

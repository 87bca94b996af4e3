package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// edge is what a tenant's administrator applies: a gateway, and an Ingress of
// the class that every mesh has. Both tenants serve one host.
const edge = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istio-ingressgateway
  namespace: %[1]s
spec:
  selector:
    matchLabels:
      app: istio-ingressgateway
  template:
    metadata:
      annotations:
        inject.istio.io/templates: gateway
      labels:
        app: istio-ingressgateway
        istio: ingressgateway
    spec:
      containers:
      - name: istio-proxy
        image: auto
---
apiVersion: v1
kind: Service
metadata:
  name: istio-ingressgateway
  namespace: %[1]s
spec:
  type: LoadBalancer
  selector:
    app: istio-ingressgateway
  ports:
  - name: http
    port: 80
---
` + ingressOfDetails

const ingressOfDetails = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: %[1]s
  annotations:
    kubernetes.io/ingress.class: istio
spec:
  rules:
  - host: shop.example
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: details
            port:
              number: 9080
`

func TestAnIngressIsServedByItsTenantsOwnGateway(t *testing.T) {
	c := claims(t, "An Ingress of class istio is served by its own tenant's gateway and by no other, and its status has the address of that gateway's Service")
	w := theWorld(t)
	for n, name := range []string{"sales", "dev", "ops", "fin"} {
		namespace := w.tenants[name].applications[0]
		deployBookinfo(t, w, namespace)
		objects, err := cluster.Parse(fmt.Appendf(nil, edge, namespace))
		require.NoError(t, err)
		_, err = w.cluster.As(w.tenants[name].admin).Apply(objects)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(objects)) })
		status := fmt.Sprintf(`{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.%d"}]}}}`, n+1)
		answer, err := w.cluster.Admin.Do("PATCH", "/api/v1/namespaces/"+namespace+"/services/istio-ingressgateway/status", status)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		runGateway(t, w, namespace)
	}
	for n, name := range []string{"sales", "dev", "ops", "fin"} {
		tenant := w.tenants[name]
		namespace := tenant.applications[0]
		c.check(name+": the gateway has a listener, and a route to its own tenant's service", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				text, err := atGateway(w, tenant.istiod, namespace)
				if err != nil {
					return err
				}
				return errors.Join(mentions(w, name, text), contains(text, "details."+namespace+".svc.cluster.local"), contains(text, "shop.example"))
			}))
		})
		c.check(name+": the Ingress tells the address", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				ingress, err := w.cluster.Admin.Get("/apis/networking.k8s.io/v1/namespaces/" + namespace + "/ingresses/shop")
				if err != nil {
					return err
				}
				addresses, _, _ := unstructured.NestedSlice(ingress.Object, "status", "loadBalancer", "ingress")
				if want := fmt.Sprintf("[map[ip:192.0.2.%d]]", n+1); fmt.Sprint(addresses) != want {
					return fmt.Errorf("Ingress %s/shop has the addresses %v, not %s", namespace, addresses, want)
				}
				return nil
			}))
		})
	}
}

func TestWithoutItsNamespaceAnIngressReachesNoGateway(t *testing.T) {
	c := claims(t, "An Ingress reaches the gateway of the same build. For comparison, it does not if istiod is not given that gateway's namespace")
	w := theWorld(t)
	objects := applyExample(t, w, "examples/bookinfo")
	ingress, err := cluster.Parse(fmt.Appendf(nil, ingressOfDetails, "bookinfo"))
	require.NoError(t, err)
	_, err = w.cluster.Admin.Apply(ingress) // before istiod, which is ready when it has read it
	require.NoError(t, err)
	for _, row := range []struct {
		name    string
		objects []*cluster.Object
		served  bool
	}{{"not told", withoutVariable(t, objects, "K8S_INGRESS_NS"), false}, {"as rendered", objects, true}} {
		c.check(row.name, func(t *testing.T) {
			istiod, err := w.cluster.StartIstiod(row.objects)
			require.NoError(t, err)
			defer istiod.Stop()
			runGateway(t, w, "bookinfo")
			snapshot, err := toldGateway(w, istiod, "bookinfo")
			require.NoError(t, err)
			require.NotNil(t, snapshot.Cluster("outbound|9080||details.bookinfo.svc.cluster.local"), "istiod knows the backend")
			text, err := snapshot.Text()
			require.NoError(t, err)
			// The build has a Gateway of its own on port 80, but not for this host.
			require.NotNil(t, snapshot.Listener("0.0.0.0_80"))
			require.Equal(t, row.served, strings.Contains(text, "shop.example"), "a route for the Ingress's host")
		})
	}
}

// runGateway waits for the Pod of a gateway, and runs it.
func runGateway(t *testing.T, w *world, namespace string) {
	t.Helper()
	require.NoError(t, cluster.Eventually(patience, func() error {
		pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods?labelSelector=istio=ingressgateway")
		if err == nil && len(pods) == 0 {
			err = fmt.Errorf("no Pod of a gateway in %s", namespace)
		}
		return err
	}))
	require.NoError(t, w.cluster.RunPods())
}

// atGateway are the listeners and routes that an istiod gives to the gateway in
// a namespace: an error, if it does not listen on port 80.
func atGateway(w *world, istiod *cluster.Istiod, namespace string) (string, error) {
	snapshot, err := toldGateway(w, istiod, namespace)
	if err != nil {
		return "", err
	}
	if snapshot.Listener("0.0.0.0_80") == nil {
		return "", fmt.Errorf("the gateway in %s has the listeners %q", namespace, snapshot.Names(xds.Listeners))
	}
	// Not the clusters: a gateway knows every service of its tenant.
	return xds.Snapshot{xds.Listeners: snapshot[xds.Listeners], xds.Routes: snapshot[xds.Routes]}.Text()
}

// toldGateway is all that an istiod tells the gateway in a namespace.
func toldGateway(w *world, istiod *cluster.Istiod, namespace string) (xds.Snapshot, error) {
	pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods?labelSelector=istio=ingressgateway")
	if err == nil && len(pods) == 0 {
		err = fmt.Errorf("no Pod of a gateway in %s", namespace)
	}
	if err != nil {
		return nil, err
	}
	ip, _, _ := unstructured.NestedString(pods[0].Object, "status", "podIP")
	proxy := xds.Node{Gateway: true, Namespace: namespace, Pod: pods[0].GetName(), IP: ip, Labels: pods[0].GetLabels()}
	return askIstiod(istiod, proxy, "http.80")
}

// withoutVariable is a copy of objects in which istiod lacks a variable, which
// has to be there.
func withoutVariable(t *testing.T, objects []*cluster.Object, name string) []*cluster.Object {
	t.Helper()
	var copied []*cluster.Object
	dropped := 0
	for _, object := range objects {
		object = object.DeepCopy()
		copied = append(copied, object)
		containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
		for _, container := range containers {
			fields := container.(map[string]any)
			list, _ := fields["env"].([]any)
			var kept []any
			for _, variable := range list {
				if variable.(map[string]any)["name"] == name {
					dropped++
				} else {
					kept = append(kept, variable)
				}
			}
			fields["env"] = kept
		}
		if len(containers) > 0 {
			require.NoError(t, unstructured.SetNestedSlice(object.Object, containers, "spec", "template", "spec", "containers"))
		}
	}
	require.Equal(t, 1, dropped, name)
	return copied
}

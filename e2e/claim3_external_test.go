package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What the cluster administrator gave an address for is what the Service selects,
// and the ports that it takes. Whoever may change these has the address for
// something else.
func TestAServiceWithExternalIPsTakesNothingElse(t *testing.T) {
	c := claims(t, "If a Service has `externalIPs`, nobody else can change the addresses that it uses, its selector, its ports and its type, even with a right to write it, in every namespace of the cluster")
	w := theWorld(t)
	sales, dev := w.tenants["sales"], w.tenants["dev"]
	app := sales.applications[0]
	w.make(t, fmt.Sprintf(external, app))
	w.make(t, fmt.Sprintf(adminOfDefault, dev.admin))
	w.granted(t, dev.admin, "default", "patch", "", "services", "")
	for _, whose := range []struct{ namespace, user string }{{app, sales.admin}, {"default", dev.admin}} {
		client, path := w.cluster.As(whose.user), services(whose.namespace)+"/external"
		changed := func(value any, field ...string) string {
			stored, err := w.cluster.Admin.Get(path)
			require.NoError(t, err)
			stored.SetResourceVersion("") // whatever it is by then
			require.NoError(t, unstructured.SetNestedField(stored.Object, value, field...))
			return mustText(t, stored)
		}
		for _, row := range []struct{ what, method, path, body, field string }{
			{"its selector", "PATCH", path, `{"spec":{"selector":{"app":"evil"}}}`, "spec.selector"},
			{"one key of its selector, which is taken out", "PATCH", path, `{"spec":{"selector":{"tier":null}}}`, "spec.selector"},
			{"its selector, which is taken out", "PATCH", path, `{"spec":{"selector":null}}`, "spec.selector"},
			{"its port", "PATCH", path, `{"spec":{"ports":[{"port":53,"protocol":"UDP"}]}}`, "spec.ports"},
			{"where its port leads to", "PATCH", path, `{"spec":{"ports":[{"port":80,"targetPort":15012}]}}`, "spec.ports"},
			{"its type", "PATCH", path, `{"spec":{"type":"NodePort"}}`, "spec.type"},
			{"its selector, and one of its addresses goes", "PATCH", path, `{"spec":{"selector":{"app":"evil"},"externalIPs":["192.0.2.1"]}}`, "spec.selector"},
			{"its selector, by an update", "PUT", path, changed(map[string]any{"app": "evil"}, "spec", "selector"), "spec.selector"},
			{"its selector, by server-side apply", "PATCH", path + "?fieldManager=x&force=true",
				object("v1", "Service", "external", `"spec":{"selector":{"app":"evil"}}`), "spec.selector"},
		} {
			c.check(whose.user+" in "+whose.namespace+" changes "+row.what, func(t *testing.T) {
				answer, err := client.Do(row.method, row.path, row.body)
				require.NoError(t, err)
				require.Equal(t, 403, answer.Code, answer.Message())
				require.Contains(t, answer.Message(), "istio-tenancy-services")
				require.Contains(t, answer.Message(), row.field)
				require.Contains(t, answer.Message(), "administer on istiotenants.istio-tenancy.dev", "it says who may")
			})
		}
		c.check(whose.user+" in "+whose.namespace+" may write all else of it", func(t *testing.T) {
			for _, request := range [][2]string{
				{"PUT", changed("y", "metadata", "labels", "x")},
				{"PATCH", `{"metadata":{"labels":{"x":"z"},"annotations":{"x":"y"}},"spec":{"sessionAffinity":"ClientIP"}}`},
			} {
				answer, err := client.Do(request[0], path, request[1])
				require.NoError(t, err)
				require.NoError(t, answer.Error())
			}
		})
		c.check("the cluster administrator changes what takes the traffic in "+whose.namespace, func(t *testing.T) {
			answer, err := w.cluster.Admin.Do("PATCH", path, `{"spec":{"ports":[{"port":81}]}}`)
			require.NoError(t, err)
			require.NoError(t, answer.Error())
		})
		c.check("the controllers of the cluster write their finalizer and the status in "+whose.namespace, func(t *testing.T) {
			const controller = "system:serviceaccount:kube-system:service-controller"
			for _, request := range [][2]string{
				{path + "/status", `{"metadata":{"finalizers":["service.kubernetes.io/load-balancer-cleanup"]}}`},
				{path + "/status", `{"metadata":{"finalizers":null}}`},
				{path + "/status", `{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.3"}]}}}`},
			} {
				answer, err := w.cluster.Admin.Impersonate(controller, "", "PATCH", request[0], request[1])
				require.NoError(t, err)
				require.NoError(t, answer.Error())
			}
		})
		c.check(whose.user+" in "+whose.namespace+" does without the addresses, and changes the Service at once", func(t *testing.T) {
			answer, err := client.Do("PATCH", path, `{"spec":{"externalIPs":["192.0.2.1"]}}`)
			require.NoError(t, err)
			require.NoError(t, answer.Error())
			answer, err = client.Do("PATCH", path, `{"spec":{"externalIPs":null,"selector":{"app":"other"},"ports":[{"port":82}]}}`)
			require.NoError(t, err)
			require.NoError(t, answer.Error())
		})
	}
}

const external = `
{apiVersion: v1, kind: Service, metadata: {name: external, namespace: %[1]s}, spec: {type: LoadBalancer, selector: {app: web, tier: front}, ports: [{port: 80}], externalIPs: [192.0.2.1, 192.0.2.2]}}
---
{apiVersion: v1, kind: Service, metadata: {name: external, namespace: default}, spec: {type: LoadBalancer, selector: {app: web, tier: front}, ports: [{port: 80}], externalIPs: [192.0.2.1, 192.0.2.2]}}
`

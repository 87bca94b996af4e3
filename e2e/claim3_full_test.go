package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// withCertificate is what `full` asks of an overlay: webhooks that bring their
// caBundle, so that istiod need not write them.
const withCertificate = `
patches:
- target: {kind: MutatingWebhookConfiguration}
  patch: |
    - {op: add, path: /webhooks/0/clientConfig/caBundle, value: Y2E=}
    - {op: add, path: /webhooks/1/clientConfig/caBundle, value: Y2E=}
    - {op: add, path: /webhooks/2/clientConfig/caBundle, value: Y2E=}
    - {op: add, path: /webhooks/3/clientConfig/caBundle, value: Y2E=}
- target: {kind: ValidatingWebhookConfiguration}
  patch: |
    - {op: add, path: /webhooks/0/clientConfig/caBundle, value: Y2E=}
`

// lab is a copy of sales whose administrator has `full`, and with proxy it has
// another namespace and the API proxy. Its istiod is not run.
func (w *world) lab(t *testing.T, name string, number int, proxy bool) *tenant {
	t.Helper()
	app := fmt.Sprintf("ns-%d", number)
	lab := &tenant{name: name, admin: name + "-admin", controlPlane: fmt.Sprintf("istio-system%d", number), applications: []string{app}}
	listed, more := "- "+app, ""
	if proxy {
		lab.applications = append(lab.applications, app+"b")
		listed, more = "- "+app+"\n  - "+app+"b"+byProxy, strings.Replace(withProxy, "\npatches:\n", "", 1)
	}
	require.NoError(t, w.source.CopyTenant("sales", name, "sales", name,
		"namespace: istio-system1", "namespace: "+lab.controlPlane+"\n    adminAccess: full", "- ns-1", listed))
	require.NoError(t, w.source.Add(name, withCertificate+more))
	var err error
	lab.objects, err = w.source.Render("overlays/" + name)
	require.NoError(t, err)
	lab.stored, err = w.cluster.Admin.Apply(lab.objects)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(lab.objects)) })
	return lab
}

// ofFull are the attacks that `full` allows: whoever has it may be istiod, and
// istiod is confined.
var ofFull = []string{
	"list Secrets in the control-plane namespace",
	"read the CA's key",
	"replace the CA by the attacker's",
	"make a lasting token of istiod by a Secret",
	"have istiod use a pull Secret of its own for a WasmPlugin",
	"create a token of istiod",
	"create a Pod that runs as istiod",
	"create a ReplicationController that runs as istiod",
	"create a Deployment that runs as istiod",
	"create a DaemonSet that runs as istiod",
	"create a StatefulSet that runs as istiod",
	"create a Job that runs as istiod",
	"add an ephemeral container to istiod",
	"exec into istiod",
	"attach to istiod",
	"port-forward to istiod",
	"proxy to istiod's pod",
	"proxy to istiod's Service",
	"change the image of istiod's Pod",
	"change the image of istiod's Deployment",
	"widen the mesh's discoverySelectors",
	"change what the injector injects",
	"create a ConfigMap beside istiod",
	"lead the webhooks and xDS of istiod's Service elsewhere",
	"change istiod's ServiceAccount",
	"take istiod's leader lock",
	"delete the mesh ConfigMap",
	"delete istiod's ServiceAccount",
	"delete istiod's Deployment",
}

func TestAttacksOfAnAdministratorWithFull(t *testing.T) {
	c := claims(t, "Every attack of a tenant administrator with `full` that reaches past the tenant is refused")
	w := theWorld(t)
	attacksWithFull(t, c, w, w.lab(t, "lab", 8, false))
	attacksWithFull(t, c, w, w.lab(t, "desk", 9, true))
}

func attacksWithFull(t *testing.T, c *claim, w *world, lab *tenant) {
	client := w.cluster.As(lab.admin)
	on := targetOf(t, lab, w.tenants["dev"])
	for _, attack := range attacks {
		if slices.Contains(ofFull, attack.name) {
			continue
		}
		c.check(lab.name+": "+attack.name, func(t *testing.T) {
			refused, answer, err := attack.try(client, on)
			require.NoError(t, err)
			require.True(t, refused, "%d %s", answer.Code, answer.Message())
		})
	}
	beside := "/api/v1/namespaces/" + lab.controlPlane
	slices5 := "/apis/discovery.k8s.io/v1/namespaces/" + lab.controlPlane + "/endpointslices"
	const address = `"subsets":[{"addresses":[{"ip":"10.97.0.2"}],"ports":[{"port":15010}]}]`
	for _, row := range []struct{ name, method, path, body string }{
		{"lead a Service to another's Pod by Endpoints", "POST", beside + "/endpoints", object("v1", "Endpoints", "attack", address)},
		{"lead istiod's Service there", "PATCH", beside + "/endpoints/" + on.istiod, "{" + address + "}"},
		{"lead it there by a server-side apply", "PATCH", beside + "/endpoints/" + on.istiod + "?fieldManager=attack&force=true", object("v1", "Endpoints", on.istiod, address)},
		{"lead it there by an EndpointSlice", "POST", slices5, object("discovery.k8s.io/v1", "EndpointSlice", "attack", `"addressType":"IPv4","endpoints":[{"addresses":["10.97.0.2"]}]`)},
		{"delete istiod's Endpoints", "DELETE", beside + "/endpoints", ""},
		{"a Pod beside istiod that displaces the node's own", "POST", beside + "/pods", barePod(`"priorityClassName":"system-node-critical"`)},
		{"a Pod beside istiod that displaces the cluster's own", "POST", beside + "/pods", barePod(`"priorityClassName":"system-cluster-critical"`)},
		{"a Pod beside istiod on a node that it names", "POST", beside + "/pods", barePod(`"nodeName":"node-1"`)},
		{"a Pod beside istiod on any node", "POST", beside + "/pods", barePod(`"tolerations":[{"operator":"Exists"}]`)},
		{"a Pod beside istiod whose node mounts NFS", "POST", beside + "/pods", barePod(`"volumes":[{"name":"v","nfs":{"server":"10.97.0.2","path":"/"}}]`)},
		{"a Pod beside istiod with hostPath", "POST", beside + "/pods", barePod(`"volumes":[{"name":"v","hostPath":{"path":"/"}}]`)},
		{"a Pod beside istiod in the node's network", "POST", beside + "/pods", barePod(`"hostNetwork":true`)},
		{"a Service beside istiod that takes another's address", "POST", beside + "/services", object("v1", "Service", "attack", `"spec":{"ports":[{"port":53}],"externalIPs":["10.96.0.10"]}`)},
	} {
		c.check(lab.name+": "+row.name, func(t *testing.T) {
			answer, err := client.Do(row.method, row.path, row.body)
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, answer.Message())
		})
	}
	// A ReplicaSet is accepted; what its controller makes is held to the same.
	c.check(lab.name+": the Pods of a ReplicaSet beside istiod", func(t *testing.T) {
		template := strings.Replace(barePod(`"priorityClassName":"system-node-critical"`), `"labels":{`, `"labels":{"attack":"yes",`, 1)
		template = strings.Replace(template, `"apiVersion":"v1","kind":"Pod",`, "", 1)
		path := "/apis/apps/v1/namespaces/" + lab.controlPlane + "/replicasets"
		answer, err := client.Do("POST", path, object("apps/v1", "ReplicaSet", "attack", `"spec":{"replicas":1,`+pick+`"template":`+template+"}"))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		require.NoError(t, cluster.Eventually(patience, func() error { return failsToCreate(w.cluster, path+"/attack") }))
		pods, err := w.cluster.Admin.Items(beside + "/pods?labelSelector=attack=yes")
		require.NoError(t, err)
		require.Empty(t, pods)
	})
}

// failsToCreate is nil once a ReplicaSet says that the policy refused its Pod.
func failsToCreate(c *cluster.Cluster, path string) error {
	set, err := c.Admin.Get(path)
	if err != nil {
		return err
	}
	if status := fmt.Sprint(set.Object["status"]); !strings.Contains(status, "ReplicaFailure") || !strings.Contains(status, "istio-tenancy-") {
		return fmt.Errorf("%s has the status %s", path, status)
	}
	return nil
}

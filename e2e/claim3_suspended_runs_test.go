package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// running is what a tenant has before it is suspended, and who else has to do with it: a
// tool of the platform that may "administer", and one that may do three things in the
// whole cluster. Both may edit in the tenant's namespace, and so may others.
const running = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: runs, namespace: $APP}
spec:
  selector: {matchLabels: {app: runs}}
  template:
    metadata: {labels: {app: runs, sidecar.istio.io/inject: "false"}}
    spec: {containers: [{name: a, image: a}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: runs, namespace: $APP}
spec: {gatewayClassName: istio-$TENANT, listeners: [{name: http, port: 7602, protocol: HTTP}]}
---
{apiVersion: v1, kind: Service, metadata: {name: runs, namespace: $APP}, spec: {ports: [{port: 80}]}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: owner, namespace: $APP}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: suspended-platform}
rules:
- {apiGroups: [istio-tenancy.dev], resources: [istiotenants], verbs: [administer]}
- {apiGroups: [""], resources: [namespaces], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: suspended-platform}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: suspended-platform}
subjects: [{kind: User, name: platform, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: suspended-controller}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [create]}
- {apiGroups: [""], resources: [services], verbs: [patch]}
- {apiGroups: [""], resources: [secrets], verbs: [deletecollection]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: suspended-controller}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: suspended-controller}
subjects: [{kind: User, name: controller, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: suspended-others, namespace: $APP}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects:
- {kind: User, name: platform, apiGroup: rbac.authorization.k8s.io}
- {kind: User, name: controller, apiGroup: rbac.authorization.k8s.io}
- {kind: User, name: called-node, apiGroup: rbac.authorization.k8s.io}
- {kind: ServiceAccount, name: default, namespace: $APP}
`

func TestASuspendedTenantRunsOn(t *testing.T) {
	c := claims(t, "While a tenant is suspended, its Pods are replaced, and its istiod restarts, leads, gives certificates and configuration, and keeps root certificates and the gateways that it has deployed. Nodes, "+
		"Kubernetes' controllers, the platform and all subjects with the same rights in the whole cluster continue, the Namespace can be deleted and resumed, and other tenants are not affected")
	w := theWorld(t)
	fin := w.tenants["fin"]
	app := fin.applications[0]
	admin, in, lock := w.cluster.Admin, "/api/v1/namespaces/"+app, "/apis/coordination.k8s.io/v1/namespaces/"+fin.controlPlane+"/leases"
	w.make(t, strings.NewReplacer("$APP", app, "$TENANT", fin.name).Replace(running))
	w.granted(t, "controller", app, "create", "", "secrets", "")
	w.granted(t, "platform", "", "administer", "istio-tenancy.dev", "istiotenants", "")
	deployed := "/apis/apps/v1/namespaces/" + app + "/deployments/runs-istio-fin"
	exists := func(path string) error {
		_, err := admin.Get(path)
		return err
	}
	require.NoError(t, cluster.Eventually(patience, func() error { return errors.Join(exists(deployed), w.runs(app, "")) }))
	pod := w.podOf(t, app)
	require.NoError(t, w.cluster.RunPods())
	w.suspend(t, fin, true)
	t.Cleanup(func() { w.suspend(t, fin, false) })

	accepted := func(name string, send func() (cluster.Answer, error)) {
		c.check(name, func(t *testing.T) {
			answer, err := send()
			require.NoError(t, errors.Join(err, answer.Error()))
		})
	}
	refused := func(name string, send func() (cluster.Answer, error)) {
		c.check(name, func(t *testing.T) {
			answer, err := send()
			require.NoError(t, errors.Join(err, refusedBy("suspended", answer)))
		})
	}
	as := func(user, group, method, path, body string) func() (cluster.Answer, error) {
		return func() (cluster.Answer, error) { return admin.Impersonate(user, group, method, path, body) }
	}
	const dry, node, nodes = "?dryRun=All", "system:node:node-1", "system:nodes"
	config, secret := object("v1", "ConfigMap", "new", ""), object("v1", "Secret", "new", "")
	accepted("a node says how a Pod is", as(node, nodes, "PATCH", in+"/pods/"+pod+"/status"+dry, `{"status":{"message":"x"}}`))
	accepted("a node asks for a Pod's token", as(node, nodes, "POST", in+"/serviceaccounts/default/token"+dry,
		`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"`+pod+`","uid":"`+w.uidOf(t, in+"/pods/"+pod)+`"}}}`))
	accepted("a node says that a Pod has ended", as(node, nodes, "DELETE", in+"/pods/"+pod+dry+"&gracePeriodSeconds=0", ""))
	refused("whoever is not in the group of nodes does not", as("called-node", "system:nodes2", "POST", in+"/configmaps"+dry, config))
	accepted("the cluster administrator drains a node", as(cluster.ClusterAdmin, "system:masters", "POST", in+"/pods/"+pod+"/eviction"+dry, object("policy/v1", "Eviction", pod, "")))
	accepted("the cluster administrator writes", as(cluster.ClusterAdmin, "system:masters", "POST", in+"/configmaps"+dry, config))
	accepted("the platform's tool that may administer writes", as("platform", "", "POST", in+"/secrets"+dry, secret))
	accepted("it resumes the tenant", as("platform", "", "PATCH", in+dry, `{"metadata":{"labels":{"istio-tenancy.dev/suspended":null}}}`))
	accepted("a controller of the cluster makes what it may make anywhere", as("controller", "", "POST", in+"/configmaps"+dry, config))
	accepted("it patches what it may patch anywhere", as("controller", "", "PATCH", in+"/services/runs"+dry, label))
	accepted("it deletes what it may delete anywhere", as("controller", "", "DELETE", in+"/secrets"+dry, ""))
	refused("it makes nothing that it may make here alone", as("controller", "", "POST", in+"/secrets"+dry, secret))
	refused("it deletes nothing that it may delete here alone", as("controller", "", "DELETE", in+"/configmaps/owner"+dry, ""))
	istiod := "system:serviceaccount:" + fin.controlPlane + ":istiod-fin"
	refused("istiod makes no Secret with a token that never ends", as(istiod, "", "POST", "/api/v1/namespaces/"+fin.controlPlane+"/secrets"+dry,
		`{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"eternal","annotations":{"kubernetes.io/service-account.name":"istiod-fin"}}}`))
	accepted("istiod makes another Secret", as(istiod, "", "POST", "/api/v1/namespaces/"+fin.controlPlane+"/secrets"+dry, secret))
	refused("istiod takes no Service of the tenant's for a Gateway's", as(istiod, "", "PATCH", in+"/services/runs"+dry,
		`{"metadata":{"ownerReferences":[{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","name":"runs","uid":"00000000-0000-0000-0000-000000000000","controller":true}]},"spec":{"selector":{"a":"b"}}}`))
	refused("the administrator does nothing as an account of the tenant's", func() (cluster.Answer, error) {
		return w.cluster.As(fin.admin).Impersonate("system:serviceaccount:"+app+":default", "", "POST", in+"/configmaps"+dry, config)
	})
	accepted("the administrator reads", func() (cluster.Answer, error) { return w.cluster.As(fin.admin).Do("GET", in+"/configmaps", "") })
	accepted("another tenant writes", func() (cluster.Answer, error) {
		return w.cluster.As(w.tenants["sales"].admin).Do("POST", "/api/v1/namespaces/ns-1/configmaps"+dry, config)
	})
	c.check("a Pod that ends is replaced, and scheduled", func(t *testing.T) {
		require.NoError(t, send(t, admin, "DELETE", in+"/pods/"+pod+"?gracePeriodSeconds=0", "").Error())
		require.NoError(t, cluster.Eventually(patience, func() error { return w.runs(app, pod) }))
		pod := w.podOf(t, app)
		answer, err := admin.Impersonate("system:kube-scheduler", "", "POST", in+"/pods/"+pod+"/binding"+dry,
			`{"apiVersion":"v1","kind":"Binding","metadata":{"name":"`+pod+`"},"target":{"kind":"Node","name":"node-1"}}`)
		require.NoError(t, errors.Join(err, answer.Error()))
	})
	c.check("what has lost its owner is collected", func(t *testing.T) {
		require.NoError(t, send(t, admin, "POST", in+"/configmaps", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owned","ownerReferences":[`+
			`{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"`+w.uidOf(t, in+"/configmaps/owner")+`"}]}}`).Error())
		require.NoError(t, send(t, admin, "DELETE", in+"/configmaps/owner", "").Error())
		require.NoError(t, cluster.Eventually(patience, func() error { return admin.Gone(in + "/configmaps/owned") }))
	})
	c.check("istiod deploys a gateway anew", func(t *testing.T) {
		require.NoError(t, send(t, admin, "DELETE", deployed, "").Error())
		require.NoError(t, cluster.Eventually(patience, func() error { return exists(deployed) }))
	})
	c.check("istiod, started anew, leads, and keeps the root certificate", func(t *testing.T) {
		fin.istiod.Discovery.Kill()
		require.NoError(t, send(t, admin, "DELETE", in+"/configmaps/istio-ca-root-cert", "").Error())
		require.NoError(t, fin.istiod.Discovery.Start())
		require.NoError(t, fin.istiod.Ready(time.Minute))
		require.NoError(t, cluster.Eventually(patience, func() error { return exists(in + "/configmaps/istio-ca-root-cert") }))
	})
	c.check("it renews its locks", func(t *testing.T) {
		renewed := func() string {
			leases, err := admin.Items(lock)
			require.NoError(t, err)
			text := ""
			for _, lease := range leases {
				at, _, _ := unstructured.NestedString(lease.Object, "spec", "renewTime")
				text += at
			}
			return text
		}
		before := renewed()
		require.NotEmpty(t, before)
		require.NoError(t, cluster.Eventually(patience, func() error {
			if renewed() == before {
				return errors.New("no lock has been renewed")
			}
			return nil
		}))
	})
	c.check("it gives certificates and configuration", func(t *testing.T) {
		require.NotNil(t, signed(t, fin.istiod, app))
		snapshot, err := askIstiod(fin.istiod, xds.Node{Namespace: app, Pod: "runs", IP: "10.97.99.96"}, "80")
		require.NoError(t, err)
		require.NotNil(t, snapshot.Cluster("outbound|80||runs."+app+".svc.cluster.local"))
	})
	c.check("a Namespace of a suspended tenant is emptied when it is deleted", func(t *testing.T) {
		require.NoError(t, send(t, admin, "POST", "/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"leaves","labels":{"istio-tenancy.dev/tenant":"fin","istio-tenancy.dev/suspended":"true"}}}`).Error())
		require.NoError(t, send(t, admin, "POST", "/api/v1/namespaces/leaves/configmaps", config).Error())
		require.NoError(t, send(t, admin, "DELETE", "/api/v1/namespaces/leaves", "").Error())
		require.NoError(t, cluster.Eventually(patience, func() error { return admin.Gone("/api/v1/namespaces/leaves") }))
	})
	refused("and all the while, its administrator writes nothing", func() (cluster.Answer, error) {
		return w.cluster.As(fin.admin).Do("POST", in+"/configmaps"+dry, config)
	})
}

// podOf is the name of the one Pod of the Deployment that runs.
func (w *world) podOf(t *testing.T, namespace string) string {
	t.Helper()
	pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods?labelSelector=app=runs")
	require.NoError(t, err)
	require.Len(t, pods, 1)
	return pods[0].GetName()
}

// runs is nil if that Deployment has one Pod, which is another than one.
func (w *world) runs(namespace, than string) error {
	pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods?labelSelector=app=runs")
	if err == nil && (len(pods) != 1 || pods[0].GetName() == than) {
		err = fmt.Errorf("%d Pods", len(pods))
	}
	return err
}

func (w *world) uidOf(t *testing.T, path string) string {
	t.Helper()
	o, err := w.cluster.Admin.Get(path)
	require.NoError(t, err)
	return string(o.GetUID())
}

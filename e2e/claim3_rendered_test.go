package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// steering are annotations and labels by which a GitOps tool would leave an object
// alone, or no longer know it for its own.
var steering = []string{
	`"annotations":{"kustomize.toolkit.fluxcd.io/reconcile":"disabled"}`,
	`"annotations":{"kustomize.toolkit.fluxcd.io/prune":"disabled"}`,
	`"annotations":{"kustomize.toolkit.fluxcd.io/ssa":"Ignore"}`,
	`"annotations":{"kustomize.toolkit.fluxcd.io/force":"enabled"}`,
	`"labels":{"kustomize.toolkit.fluxcd.io/reconcile":"disabled"}`,
	`"labels":{"kustomize.toolkit.fluxcd.io/name":"other"}`,
	`"labels":{"kustomize.toolkit.fluxcd.io/namespace":"ns-1"}`,
	`"annotations":{"helm.toolkit.fluxcd.io/driftDetection":"disabled"}`,
	`"annotations":{"argocd.argoproj.io/sync-options":"Prune=false,Delete=false"}`,
	`"annotations":{"argocd.argoproj.io/compare-options":"IgnoreExtraneous"}`,
	`"annotations":{"argocd.argoproj.io/tracking-id":"other:/ConfigMap:x/y"}`,
	`"annotations":{"argocd.argoproj.io/managed-by":"other"}`,
	`"annotations":{"argocd.argoproj.io/hook":"Skip"}`,
	`"labels":{"argocd.argoproj.io/instance":"other"}`,
	`"labels":{"app.kubernetes.io/instance":"other"}`,
	`"labels":{"app.kubernetes.io/instance":null}`,
	`"labels":{"istio-tenancy.dev/tenant":null}`,
	`"labels":{"istio-tenancy.dev/tenant":"dev"}`,
	`"annotations":{"meta.helm.sh/release-name":"other"}`,
	`"annotations":{"helm.sh/resource-policy":"keep"}`,
	`"annotations":{"helm.sh/hook":"test"}`,
	`"labels":{"applyset.kubernetes.io/part-of":"other"}`,
	`"annotations":{"kapp.k14s.io/disable-original":""}`,
	`"annotations":{"kapp.k14s.io/update-strategy":"skip"}`,
	`"annotations":{"kluctl.io/skip-delete":"true"}`,
	`"labels":{"objectset.rio.cattle.io/hash":"other"}`,
	`"annotations":{"configmanagement.gke.io/managed":"disabled"}`,
	`"annotations":{"configsync.gke.io/resource-id":"other"}`,
	`"annotations":{"cli-utils.sigs.k8s.io/on-remove":"keep"}`,
	`"annotations":{"client.lifecycle.config.k8s.io/deletion":"detach"}`,
	`"annotations":{"client.lifecycle.config.k8s.io/mutation":"ignore"}`,
	`"annotations":{"config.k8s.io/owning-inventory":"other"}`,
	`"annotations":{"kubectl.kubernetes.io/last-applied-configuration":null}`,
	`"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"kube-root-ca.crt","uid":"6f1b6a32-0000-4000-8000-000000000000"}]`,
}

func TestATenantDoesNotSteerTheToolThatKeepsItsObjects(t *testing.T) {
	c := claims(t, "A tenant does not keep objects that are removed in Git. No annotation, label or finalizer can block a GitOps tool on rendered objects, "+
		"the tenant can delete none of them, and it cannot write rendered Roles, RoleBindings, NetworkPolicies and policies of the mesh")
	w := theWorld(t)
	sales := w.tenants["sales"]
	app := sales.applications[0]
	admin := w.cluster.As(sales.admin)
	refused := func(name string, client *cluster.Client, method, path, body string) {
		c.check(name, func(t *testing.T) {
			answer, err := client.Do(method, path, body)
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, "%.300s", answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-rendered")
			require.Contains(t, answer.Message(), "in the whole cluster", "it says who may")
		})
	}
	w.make(t, fmt.Sprintf(renderedThings, app))
	policies, configs := "/apis/networking.k8s.io/v1/namespaces/"+app+"/networkpolicies", "/api/v1/namespaces/"+app+"/configmaps"
	for _, metadata := range steering {
		refused(metadata, admin, "PATCH", configs+"/rendered", `{"metadata":{`+metadata+`}}`)
	}
	mtls := "/apis/security.istio.io/v1/namespaces/" + app + "/peerauthentications/" + nameOf(t, sales.objects, "PeerAuthentication")
	refused("the mesh's mutual TLS", admin, "PATCH", mtls, `{"metadata":{`+steering[0]+`}}`)
	for _, row := range []struct{ name, method, path, body string }{
		{"a finalizer", "PATCH", configs + "/rendered", `{"metadata":{"finalizers":["example.com/a"]}}`},
		{"a finalizer twice", "PATCH", configs + "/rendered", `{"metadata":{"finalizers":["example.com/a","example.com/a"]}}`},
		{"a part of the tenant's own", "PATCH", configs + "/rendered", `{"metadata":{"labels":{"istio-tenancy.dev/part":"applications"}}}`},
		{"delete what was rendered", "DELETE", configs + "/rendered", ""},
		{"delete all of it", "DELETE", configs + "?labelSelector=istio-tenancy.dev/tenant", ""},
		{"make what seems rendered", "POST", configs, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"seems","labels":{"istio-tenancy.dev/tenant":"sales"}}}`},
		{"make what seems another tenant's, with an owner", "POST", configs, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"seems","labels":{"istio-tenancy.dev/tenant":"dev","istio-tenancy.dev/part":"applications"},
"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"kube-root-ca.crt","uid":"6f1b6a32-0000-4000-8000-000000000000"}]}}`},
		{"delete a NetworkPolicy", "DELETE", policies + "/rendered", ""},
		{"open a NetworkPolicy", "PATCH", policies + "/rendered", `{"spec":{"ingress":[{}]}}`},
		{"the mesh's mutual TLS for nobody", "PATCH", mtls, `{"spec":{"selector":{"matchLabels":{"nobody":"has-this"}}}}`},
		{"the mesh's mutual TLS, of a port", "PATCH", mtls, `{"spec":{"selector":{"matchLabels":{"a":"b"}},"portLevelMtls":{"8080":{"mode":"DISABLE"}}}}`},
		{"delete the mesh's mutual TLS", "DELETE", mtls, ""},
		{"the deny of others, for nobody", "PATCH", "/apis/security.istio.io/v1/namespaces/" + app + "/authorizationpolicies/" + nameOf(t, sales.objects, "AuthorizationPolicy"),
			`{"spec":{"selector":{"matchLabels":{"nobody":"has-this"}}}}`},
	} {
		refused(row.name, admin, row.method, row.path, row.body)
	}
	refused("by server-side apply", admin, "PATCH", configs+"/rendered?fieldManager=x&force=true",
		`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"rendered",`+steering[0]+`}}`)
	roles, bindings := rbac+"/namespaces/"+app+"/roles", rbac+"/namespaces/"+app+"/rolebindings"
	rendered := bindings + "/access-all-" + app
	for _, row := range []struct{ name, method, path, body string }{
		{"annotate the own RoleBinding", "PATCH", rendered, `{"metadata":{` + steering[1] + `}}`},
		{"add to the own RoleBinding", "PATCH", rendered, `{"subjects":[{"kind":"Group","name":"friends","apiGroup":"rbac.authorization.k8s.io"}]}`},
		{"take the label off the own RoleBinding", "PATCH", rendered, `{"metadata":{"labels":{"istio-tenancy.dev/tenant":null}}}`},
		{"delete the own RoleBinding", "DELETE", rendered + "?dryRun=All", ""},
		{"delete all RoleBindings", "DELETE", bindings + "?dryRun=All", ""},
		{"make a RoleBinding that seems rendered", "POST", bindings, fmt.Sprintf(seemsRendered, "RoleBinding", me+","+roleRef("ClusterRole", "view"))},
		{"make a Role that seems rendered", "POST", roles, fmt.Sprintf(seemsRendered, "Role", `"rules":[]`)},
		{"change istiod's Role", "PATCH", roles + "/" + roleOf(t, sales), `{"rules":[]}`},
		{"delete istiod's Role", "DELETE", roles + "/" + roleOf(t, sales) + "?dryRun=All", ""},
	} {
		refused(row.name, admin, row.method, row.path, row.body)
	}

	accepted := func(name string, requests ...[3]string) {
		c.check(name, func(t *testing.T) {
			for _, r := range requests {
				answer, err := admin.Do(r[0], r[1], r[2])
				require.NoError(t, err)
				require.NoError(t, answer.Error())
			}
		})
	}
	accepted("annotations that steer nothing", [3]string{"PATCH", configs + "/rendered",
		`{"metadata":{"annotations":{"team.example/x":"y","kubectl.kubernetes.io/last-applied-configuration":"{}\n"}}}`})
	accepted("a RoleBinding of the tenant's own",
		[3]string{"POST", bindings, object("rbac.authorization.k8s.io/v1", "RoleBinding", "own", me+","+roleRef("ClusterRole", "view"))},
		[3]string{"PATCH", bindings + "/own", `{"metadata":{` + steering[0] + `}}`}, [3]string{"DELETE", bindings + "/own", ""})
	accepted("an object of the tenant's own, with a tool of its own",
		[3]string{"POST", configs, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"own",` + steering[5] + `}}`},
		[3]string{"DELETE", configs + "/own", ""})
	stored, err := w.cluster.Admin.Get(configs + "/rendered")
	require.NoError(t, err)
	accepted("an object with an owner and the label, as an operator makes it",
		[3]string{"POST", configs,
			`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"own","labels":{"istio-tenancy.dev/tenant":"sales","app.kubernetes.io/instance":"x"},
"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"rendered","uid":"` + string(stored.GetUID()) + `"}]}}`},
		[3]string{"DELETE", configs + "/own", ""})
	accepted("what a build of applications alone prints, made, kept by a finalizer, and deleted",
		[3]string{"POST", configs,
			`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"own","labels":{"istio-tenancy.dev/tenant":"sales","istio-tenancy.dev/part":"applications"}}}`},
		[3]string{"PATCH", configs + "/own", `{"metadata":{"finalizers":["example.com/a"]}}`},
		[3]string{"PATCH", configs + "/own", `{"metadata":{"finalizers":null}}`},
		[3]string{"DELETE", configs + "/own", ""})
	accepted("what was rendered, changed in what it says", [3]string{"PATCH", configs + "/rendered", `{"data":{"a":"b"}}`})
	c.check("the controller of load balancers, which writes the status of Services alone, adds and takes off its finalizer", func(t *testing.T) {
		w.make(t, fmt.Sprintf(loadBalancers, app))
		const controller = "system:serviceaccount:kube-system:balancers"
		w.granted(t, controller, "", "patch", "", "services/status", "")
		for _, finalizers := range []string{`["service.kubernetes.io/load-balancer-cleanup"]`, "null"} {
			answer, err := w.cluster.Admin.Impersonate(controller, "", "PATCH", "/api/v1/namespaces/"+app+"/services/rendered/status", `{"metadata":{"finalizers":`+finalizers+`}}`)
			require.NoError(t, err)
			require.NoError(t, answer.Error())
		}
	})
	c.check("a GitOps tool that may write everything, and does not administer, does all of it", func(t *testing.T) {
		w.make(t, gitopsRights)
		const gitops = "system:serviceaccount:gitops:gitops"
		w.granted(t, gitops, "", "patch", "networking.k8s.io", "networkpolicies", "")
		w.granted(t, gitops, "", "bind", "rbac.authorization.k8s.io", "clusterroles", "")
		for _, r := range [][3]string{
			{"PATCH", policies + "/rendered", `{"metadata":{` + steering[0] + `}}`},
			{"PATCH", policies + "/rendered", `{"metadata":{"annotations":{"kustomize.toolkit.fluxcd.io/reconcile":null}}}`},
			{"PATCH", rendered, `{"metadata":{"labels":{"kustomize.toolkit.fluxcd.io/name":"tenant-sales"}}}`},
			{"PATCH", rendered, `{"metadata":{"labels":{"kustomize.toolkit.fluxcd.io/name":null}}}`},
		} {
			answer, err := w.cluster.Admin.Impersonate(gitops, "", r[0], r[1], r[2])
			require.NoError(t, err)
			require.NoError(t, answer.Error())
		}
	})
}

// Rendered objects go with their Namespace, and with what owns them.
func TestKubernetesControllersRemoveWhatWasRendered(t *testing.T) {
	c := claims(t, "Kubernetes' own controllers and istiod continue to work with rendered objects: they remove them with their Namespace and their owner, adopt them, and copy a GitOps tool's labels and annotations from them")
	w := theWorld(t)
	const gone = "/api/v1/namespaces/gone"
	c.check("a Namespace is deleted with its rendered RoleBindings", func(t *testing.T) {
		objects, err := cluster.Parse([]byte(goneNamespace))
		require.NoError(t, err)
		_, err = w.cluster.Admin.Apply(objects)
		require.NoError(t, err)
		answer, err := w.cluster.Admin.Do("DELETE", gone, "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		require.NoError(t, cluster.Eventually(time.Minute, func() error { return isGone(w, gone) }))
	})
	c.check("a rendered RoleBinding is deleted with its owner", func(t *testing.T) {
		owner, err := w.cluster.Admin.Do("POST", "/api/v1/namespaces/ns-1/configmaps", object("v1", "ConfigMap", "owner", ""))
		require.NoError(t, err)
		require.NoError(t, owner.Error())
		stored, err := w.cluster.Admin.Get("/api/v1/namespaces/ns-1/configmaps/owner")
		require.NoError(t, err)
		owned := strings.Replace(fmt.Sprintf(seemsRendered, "RoleBinding", me+","+roleRef("ClusterRole", "view")), `"labels"`,
			`"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"`+string(stored.GetUID())+`"}],"labels"`, 1)
		answer, err := w.cluster.Admin.Do("POST", rbac+"/namespaces/ns-1/rolebindings", owned)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		answer, err = w.cluster.Admin.Do("DELETE", "/api/v1/namespaces/ns-1/configmaps/owner", "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		require.NoError(t, cluster.Eventually(time.Minute, func() error { return isGone(w, rbac+"/namespaces/ns-1/rolebindings/attack") }))
	})
	c.check("istiod deploys a rendered Gateway", func(t *testing.T) {
		w.make(t, renderedGateway)
		require.NoError(t, cluster.Eventually(patience, func() error {
			deployment, err := w.cluster.Admin.Get("/apis/apps/v1/namespaces/ns-1/deployments/kept-istio-sales")
			if err == nil && deployment.GetAnnotations()["argocd.argoproj.io/sync-wave"] == "" {
				err = fmt.Errorf("istiod copies no annotations: %v", deployment.GetAnnotations())
			}
			return err
		}))
		answer, err := w.cluster.Admin.Do("PATCH", "/apis/gateway.networking.k8s.io/v1/namespaces/ns-1/gateways/kept",
			`{"metadata":{"annotations":{"argocd.argoproj.io/sync-wave":"2"}}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		require.NoError(t, cluster.Eventually(patience, func() error {
			deployment, err := w.cluster.Admin.Get("/apis/apps/v1/namespaces/ns-1/deployments/kept-istio-sales")
			if err == nil && deployment.GetAnnotations()["argocd.argoproj.io/sync-wave"] != "2" {
				err = fmt.Errorf("istiod copies no later annotations: %v", deployment.GetAnnotations())
			}
			return err
		}))
	})
	c.check("Kubernetes gives an EndpointSlice the labels that its rendered Service has, and later gets", func(t *testing.T) {
		w.make(t, renderedService)
		for _, name := range []string{"tenant-sales", "renamed"} {
			answer, err := w.cluster.Admin.Do("PATCH", services("ns-1")+"/rendered", `{"metadata":{"labels":{"kustomize.toolkit.fluxcd.io/name":"`+name+`"}}}`)
			require.NoError(t, err)
			require.NoError(t, answer.Error())
			require.NoError(t, cluster.Eventually(patience, func() error {
				slices, err := w.cluster.Admin.Items("/apis/discovery.k8s.io/v1/namespaces/ns-1/endpointslices?labelSelector=kubernetes.io/service-name=rendered")
				if err == nil && (len(slices) != 1 || slices[0].GetLabels()["kustomize.toolkit.fluxcd.io/name"] != name) {
					err = fmt.Errorf("there are %d EndpointSlices, not with the label %s", len(slices), name)
				}
				return err
			}))
		}
	})
	// Which may patch Pods in the whole cluster, and not update them.
	c.check("Kubernetes adopts a Pod with the tenant's label", func(t *testing.T) {
		const pods = "/api/v1/namespaces/ns-1/pods"
		answer, err := w.cluster.Admin.Do("POST", pods, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"orphan",`+
			`"labels":{"istio-tenancy.dev/tenant":"sales","sidecar.istio.io/inject":"false"}},"spec":{"containers":[{"name":"x","image":"x"}]}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer w.cluster.Admin.Do("DELETE", pods+"/orphan", "")
		adopt := `{"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"x","uid":"6f1b6a32-0000-4000-8000-000000000000"}]}}`
		answer, err = w.cluster.Admin.Impersonate("system:serviceaccount:kube-system:replicaset-controller", "", "PATCH", pods+"/orphan?dryRun=All", adopt)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		answer, err = w.cluster.As("sales-admin").Do("PATCH", pods+"/orphan?dryRun=All", adopt)
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
	})
}

func isGone(w *world, path string) error {
	answer, err := w.cluster.Admin.Do("GET", path, "")
	if err == nil && answer.Code != 404 {
		err = fmt.Errorf("%s is still there: %d %.1000s", path, answer.Code, answer.Body)
	}
	return err
}

const seemsRendered = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"%s","metadata":{"name":"attack","labels":{"istio-tenancy.dev/tenant":"sales"}},%s}`

// renderedThings are a ConfigMap and a NetworkPolicy as a tenant's overlay would bring
// them.
const renderedThings = `
apiVersion: v1
kind: ConfigMap
metadata:
  name: rendered
  namespace: %[1]s
  labels: {istio-tenancy.dev/tenant: sales, app.kubernetes.io/instance: tenant-sales}
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: rendered
  namespace: %[1]s
  labels: {istio-tenancy.dev/tenant: sales, app.kubernetes.io/instance: tenant-sales}
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
spec: {podSelector: {matchLabels: {x: "y"}}}
`

// loadBalancers are a rendered Service, and the rights of the controller that gives it an
// address, which are those of Kubernetes' own.
const loadBalancers = `
{apiVersion: v1, kind: Service, metadata: {name: rendered, namespace: %s, labels: {istio-tenancy.dev/tenant: sales}}, spec: {type: LoadBalancer, ports: [{port: 80}]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: balancers}
rules:
- {apiGroups: [""], resources: [services], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [services/status], verbs: [patch, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: balancers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: balancers}
subjects: [{kind: ServiceAccount, name: balancers, namespace: kube-system}]
`

const goneNamespace = `
{apiVersion: v1, kind: Namespace, metadata: {name: gone, labels: {istio-tenancy.dev/tenant: sales}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: rendered, namespace: gone, labels: {istio-tenancy.dev/tenant: sales}}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: rendered, namespace: gone, labels: {istio-tenancy.dev/tenant: sales}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: rendered}
subjects: [{kind: User, name: x, apiGroup: rbac.authorization.k8s.io}]
`

const renderedGateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: kept
  namespace: ns-1
  labels: {istio-tenancy.dev/tenant: sales, app.kubernetes.io/instance: tenant-sales}
  annotations: {argocd.argoproj.io/tracking-id: "tenant-sales:gateway.networking.k8s.io/Gateway:ns-1/kept", argocd.argoproj.io/sync-wave: "1"}
spec:
  gatewayClassName: istio-sales
  listeners: [{name: http, port: 80, protocol: HTTP}]
`

const renderedService = `
apiVersion: v1
kind: Service
metadata: {name: rendered, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
spec: {selector: {app: rendered}, ports: [{port: 80}]}
`

const gitopsRights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: gitops}
rules:
- {apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: [get, create, update, patch, delete]}
- {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: [get, create, update, patch, delete]}
- {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: gitops}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: gitops}
subjects: [{kind: ServiceAccount, name: gitops, namespace: gitops}]
`

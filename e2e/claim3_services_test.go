package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// services are those of a namespace.
func services(namespace string) string { return "/api/v1/namespaces/" + namespace + "/services" }

// addressOf is a Service's in the cluster.
func addressOf(t *testing.T, w *world, namespace, name string) string {
	t.Helper()
	service, err := w.cluster.Admin.Get(services(namespace) + "/" + name)
	require.NoError(t, err)
	address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
	require.NotEmpty(t, address)
	return address
}

// make creates objects as the cluster administrator, and removes them when the
// test is over.
func (w *world) make(t *testing.T, text string) {
	t.Helper()
	objects, err := cluster.Parse([]byte(text))
	require.NoError(t, err)
	_, err = w.cluster.Admin.Apply(objects)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(objects)) })
}

// granted waits until a user has a right in a namespace, or in the cluster, that
// make has just given: the API server learns of roles a moment later.
func (w *world) granted(t *testing.T, user, namespace, verb, group, resource, subresource string) {
	t.Helper()
	review := jsonOf(t, map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": map[string]any{
		"user": user, "resourceAttributes": map[string]any{
			"namespace": namespace, "verb": verb, "group": group, "resource": resource, "subresource": subresource}}})
	require.NoError(t, cluster.Eventually(patience, func() error {
		answer, err := w.cluster.Admin.Do("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
		if err == nil && !strings.Contains(string(answer.Body), `"allowed":true`) {
			err = fmt.Errorf("%s: %d %s", user, answer.Code, answer.Body)
		}
		return err
	}))
}

// victims are addresses that a tenant's Service would take from others.
func victims(t *testing.T, w *world) map[string]string {
	t.Helper()
	dev := w.tenants["dev"]
	w.make(t, `{apiVersion: v1, kind: Service, metadata: {name: kube-dns, namespace: kube-system}, spec: {ports: [{port: 53, protocol: UDP}]}}`)
	return map[string]string{
		"dev's istiod":      addressOf(t, w, dev.controlPlane, dev.istiod.ServiceAccount),
		"the cluster's DNS": addressOf(t, w, "kube-system", "kube-dns"),
		"a host outside":    "198.51.100.1",
	}
}

// kube-proxy sends what goes to a load balancer's address to the Pods of the
// Service that has it in its status, whoever wrote that.
func TestTheStatusOfAServiceTakesNobodysAddress(t *testing.T) {
	c := claims(t, "The status of a Service takes over nobody else's address: istiod and a `full` administrator may not write it, and a right to write it in one namespace has no effect")
	w := theWorld(t)
	sales := w.tenants["sales"]
	app := sales.applications[0]
	path := services(app) + "/balanced"
	w.make(t, fmt.Sprintf(balanced, app, sales.controlPlane))
	role := "/apis/rbac.authorization.k8s.io/v1/namespaces/" + app + "/roles"
	grantStatus := object("rbac.authorization.k8s.io/v1", "Role", "status",
		`"rules":[{"apiGroups":[""],"resources":["services/status"],"verbs":["get","update","patch"]}]`)

	istiod := w.cluster.WithToken(sales.istiod.Token)
	full, beside := fullAdministrator(t, w, sales)
	addresses := victims(t, w)
	addresses["the cloud's metadata service"] = "169.254.169.254"
	for whose, ip := range addresses {
		status := `{"status":{"loadBalancer":{"ingress":[{"ip":"` + ip + `"}]}}}`
		for _, row := range []struct {
			who, path string
			client    *cluster.Client
		}{
			{"istiod", path, istiod},
			{"a full administrator", path, full},
			{"a full administrator, beside istiod,", services(sales.controlPlane) + "/balanced", full},
			{"a token that a full administrator makes of istiod", path, beside},
		} {
			c.check(row.who+" writes the address of "+whose, func(t *testing.T) {
				answer, err := row.client.Do("PATCH", row.path+"/status", status)
				require.NoError(t, err)
				require.Equal(t, 403, answer.Code, answer.Message())
			})
		}
	}
	c.check("an administrator makes a Role that may", func(t *testing.T) {
		answer, err := w.cluster.As(sales.admin).Do("POST", role, grantStatus)
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
	})

	// The policy, where RBAC does allow it: by Roles that somebody else granted.
	w.make(t, fmt.Sprintf(statusGrants, app, sales.admin, sales.controlPlane, sales.istiod.ServiceAccount))
	const controller = "system:serviceaccount:balancers:controller"
	for user, namespace := range map[string]string{sales.admin: app, sales.istiod.User(): app, controller: ""} {
		w.granted(t, user, namespace, "patch", "", "services", "status")
	}
	w.granted(t, sales.admin, "default", "patch", "", "services", "status")
	status := `{"status":{"loadBalancer":{"ingress":[{"ip":"169.254.169.254"}]}}}`
	stored, err := w.cluster.Admin.Get(path)
	require.NoError(t, err)
	require.NoError(t, unstructured.SetNestedSlice(stored.Object, []any{map[string]any{"hostname": "x.example"}}, "status", "loadBalancer", "ingress"))
	for _, row := range []struct {
		name, method, path, body string
		client                   *cluster.Client
	}{
		{"istiod", "PATCH", path + "/status", status, istiod},
		{"an administrator", "PATCH", path + "/status", status, w.cluster.As(sales.admin)},
		{"an administrator, by an update", "PUT", path + "/status", mustText(t, stored), w.cluster.As(sales.admin)},
		{"an administrator, by server-side apply", "PATCH", path + "/status?fieldManager=x&force=true",
			object("v1", "Service", "balanced", status[1:len(status)-1]), w.cluster.As(sales.admin)},
		{"a user of the cluster, in default", "PATCH", services("default") + "/balanced/status", status, w.cluster.As(sales.admin)},
	} {
		c.check("the policy refuses "+row.name, func(t *testing.T) {
			answer, err := row.client.Do(row.method, row.path, row.body)
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-services")
			require.Contains(t, answer.Message(), "in the whole cluster", "it says who may")
		})
	}
	c.check("a condition, which takes no address, is accepted", func(t *testing.T) {
		answer, err := istiod.Do("PATCH", path+"/status",
			`{"status":{"conditions":[{"type":"x.example/Seen","status":"True","reason":"Seen","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
	c.check("the load balancer's controller of the cluster writes it", func(t *testing.T) {
		answer, err := w.cluster.Admin.Impersonate(controller, "", "PATCH", path+"/status",
			`{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
}

const balanced = `
{apiVersion: v1, kind: Service, metadata: {name: balanced, namespace: %[1]s}, spec: {type: LoadBalancer, ports: [{port: 53}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: balanced, namespace: %[2]s}, spec: {type: LoadBalancer, ports: [{port: 53}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: balanced, namespace: default}, spec: {type: LoadBalancer, ports: [{port: 53}]}}
`

// statusGrants lets an administrator and an istiod write the status of Services in
// a namespace, and a controller in the cluster.
const statusGrants = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: service-status}
rules: [{apiGroups: [""], resources: [services/status], verbs: [get, update, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: service-status, namespace: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: service-status}
subjects:
- {kind: User, name: %[2]s, apiGroup: rbac.authorization.k8s.io}
- {kind: ServiceAccount, name: %[4]s, namespace: %[3]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: service-status, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: service-status}
subjects: [{kind: User, name: %[2]s, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: service-status}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: service-status}
subjects: [{kind: ServiceAccount, name: controller, namespace: balancers}]
`

// fullAdministrator gives the tenant's administrator, until the test is over,
// what adminAccess: full renders for it, and returns it, and istiod by a token
// that it made.
func fullAdministrator(t *testing.T, w *world, tenant *tenant) (full, istiod *cluster.Client) {
	t.Helper()
	name := tenant.name + "-full"
	require.NoError(t, w.source.CopyTenant(tenant.name, name, "namespace: "+tenant.controlPlane,
		"namespace: "+tenant.controlPlane+"\n    adminAccess: full\n    revision: "+tenant.istiod.Revision))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(filepath.Join(w.source.Dir, "overlays", name))) })
	file := filepath.Join(w.source.Dir, "overlays", name, "kustomization.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(text, caBundles...), 0o644))
	objects, err := w.source.Render("overlays/" + name)
	require.NoError(t, err)
	for _, object := range objects {
		if object.GetKind() != "Role" || object.GetNamespace() != tenant.controlPlane || object.GetName() != "ns-access-for-"+tenant.name+"-admin-"+tenant.controlPlane {
			continue
		}
		role := object.DeepCopy()
		role.SetName("full")
		w.make(t, mustText(t, role)+"\n---\n"+fmt.Sprintf(bindFull, tenant.controlPlane, tenant.admin))
		full = w.cluster.As(tenant.admin)
		w.granted(t, tenant.admin, tenant.controlPlane, "create", "", "serviceaccounts", "token")
		answer, err := full.Do("POST", "/api/v1/namespaces/"+tenant.controlPlane+"/serviceaccounts/"+tenant.istiod.ServiceAccount+"/token", token)
		require.NoError(t, err)
		stolen, err := cluster.TokenIn(answer)
		require.NoError(t, err)
		return full, w.cluster.WithToken(stolen)
	}
	t.Fatal("no Role for a full administrator was rendered")
	return nil, nil
}

const bindFull = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: full, namespace: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: full}
subjects: [{kind: User, name: %[2]s, apiGroup: rbac.authorization.k8s.io}]
`

// caBundles are the condition of adminAccess: full, that istiod need not write
// its webhooks.
const caBundles = `
patches:
- target: {kind: MutatingWebhookConfiguration}
  patch: |
    - {op: add, path: /webhooks/0/clientConfig/caBundle, value: Cg==}
    - {op: add, path: /webhooks/1/clientConfig/caBundle, value: Cg==}
- target: {kind: ValidatingWebhookConfiguration}
  patch: |
    - {op: add, path: /webhooks/0/clientConfig/caBundle, value: Cg==}
`

// The rule for externalIPs holds for whoever else has a namespace in the
// cluster, too: a tenant's istiod is such an address.
func TestAServiceOutsideOfATenantTakesNobodysAddress(t *testing.T) {
	c := claims(t, "Only the cluster administrator may write a Service with `externalIPs`, in every namespace of the cluster")
	w := theWorld(t)
	dev := w.tenants["dev"]
	path := services("default")
	w.make(t, fmt.Sprintf(adminOfDefault, dev.admin))
	w.granted(t, dev.admin, "default", "create", "", "services", "")
	client := w.cluster.As(dev.admin)
	for whose, ip := range victims(t, w) {
		c.check("an admin of default takes the address of "+whose, func(t *testing.T) {
			answer, err := client.Do("POST", path, object("v1", "Service", "attack", `"spec":{"ports":[{"port":15012}],"externalIPs":["`+ip+`"]}`))
			require.NoError(t, err)
			defer w.cluster.Admin.Do("DELETE", path+"/attack", "")
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-services")
			require.Contains(t, answer.Message(), "administer on istiotenants.istio-tenancy.dev", "it says who may")
		})
	}
	c.check("what the cluster administrator has added stays, and no other joins it", func(t *testing.T) {
		answer, err := w.cluster.Admin.Do("POST", path, object("v1", "Service", "older", `"spec":{"ports":[{"port":53}],"externalIPs":["192.0.2.1"]}`))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer w.cluster.Admin.Do("DELETE", path+"/older", "")
		answer, err = client.Do("PATCH", path+"/older", label)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		answer, err = client.Do("PATCH", path+"/older", `{"spec":{"externalIPs":["192.0.2.1","192.0.2.2"]}}`)
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
		answer, err = client.Do("PATCH", path+"/older", `{"spec":{"externalIPs":null}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
	c.check("the controller of a load balancer writes them, who may write every address into a status", func(t *testing.T) {
		w.make(t, balancerOfTheCluster)
		const controller = "system:serviceaccount:balancers:writer"
		w.granted(t, controller, "default", "patch", "", "services", "status")
		answer, err := w.cluster.Admin.Do("POST", path, object("v1", "Service", "balanced-by-ip", `"spec":{"ports":[{"port":53}]}`))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer w.cluster.Admin.Do("DELETE", path+"/balanced-by-ip", "")
		answer, err = w.cluster.Admin.Impersonate(controller, "", "PATCH", path+"/balanced-by-ip", `{"spec":{"externalIPs":["192.0.2.1"]}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
}

const balancerOfTheCluster = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: balancer}
rules: [{apiGroups: [""], resources: [services, services/status], verbs: [get, update, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: balancer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: balancer}
subjects: [{kind: ServiceAccount, name: writer, namespace: balancers}]
`

const adminOfDefault = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: admin, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: User, name: %[1]s, apiGroup: rbac.authorization.k8s.io}]
`

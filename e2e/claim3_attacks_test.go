package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

func TestEveryAttackOfATenantAdministratorIsRefused(t *testing.T) {
	c := claims(t, "Every attack of a tenant administrator with `operate` is refused")
	w := theWorld(t)
	for _, name := range []string{"sales", "fin"} {
		client, on := w.cluster.As(w.tenants[name].admin), targetOf(t, w.tenants[name], w.tenants["dev"])
		for _, attack := range attacks {
			c.check(name+": "+attack.name, func(t *testing.T) {
				refused, answer, err := attack.try(client, on)
				require.NoError(t, err)
				t.Logf("%s %s: %d %s", attack.method, on.fill(attack.path), answer.Code, answer.Message())
				require.True(t, refused, "%d %s", answer.Code, answer.Message())
			})
		}
	}
}

// targetOf is a tenant, whose istiod may not be running, beside another.
func targetOf(t *testing.T, tenant, other *tenant) target {
	t.Helper()
	on := target{
		tenant: tenant.name, app: tenant.applications[0], plane: tenant.controlPlane,
		other: other.name, otherApp: other.applications[0], otherPlane: other.controlPlane, otherAdmin: other.admin,
		istiod: "istiod-" + tenant.name, otherIstiod: "istiod-" + other.name, pod: "istiod-" + tenant.name + "-0",
		mesh: "istio-" + tenant.name, injector: "istio-sidecar-injector-" + tenant.name,
		validator:   nameOf(t, tenant.objects, "ValidatingWebhookConfiguration"),
		otherHook:   nameOf(t, other.objects, "MutatingWebhookConfiguration"),
		clusterRole: nameOf(t, tenant.objects, "ClusterRole"), memberRole: roleOf(t, tenant),
		adminRole: "ns-access-for-" + tenant.admin + "-" + tenant.controlPlane,
		policy:    nameOf(t, tenant.objects, "NetworkPolicy"),
	}
	if tenant.istiod != nil {
		on.pod = tenant.istiod.Pod
	}
	return on
}

// nameOf is the name of the first object of a kind.
func nameOf(t *testing.T, objects []*cluster.Object, kind string) string {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() == kind {
			return object.GetName()
		}
	}
	t.Fatalf("no %s was rendered", kind)
	return ""
}

// roleOf is the name of istiod's Role in the tenant's application namespace.
func roleOf(t *testing.T, tenant *tenant) string {
	t.Helper()
	for _, object := range tenant.objects {
		if object.GetKind() == "Role" && object.GetNamespace() == tenant.applications[0] {
			return object.GetName()
		}
	}
	t.Fatalf("no Role was rendered in %s", tenant.applications[0])
	return ""
}

// The rule that the labels are the cluster administrator's holds for whoever
// may write Namespaces, too: here by the Role of the post, in the tenant's own
// application namespace, beside what is rendered.
func TestTheTenantAndRevisionLabelsBelongToTheClusterAdministrator(t *testing.T) {
	c := claims(t, "Only the cluster administrator may write the tenant and revision labels, even if somebody else may write the Namespace")
	w := theWorld(t)
	hr := w.tenants["hr"]
	text := strings.ReplaceAll(fmt.Sprintf(postRole, hr.admin, hr.applications[0]), "name: access-all-", "name: post-access-all-")
	grants, err := cluster.Parse([]byte(strings.ReplaceAll(text, "name: ns-access-for-", "name: post-ns-access-for-")))
	require.NoError(t, err)
	_, err = w.cluster.Admin.Apply(grants)
	require.NoError(t, err)
	defer w.cluster.Admin.Delete(grants)

	path := "/api/v1/namespaces/" + hr.applications[0]
	client := w.cluster.As(hr.admin)
	c.check("the right to write the Namespace is there", func(t *testing.T) {
		answer, err := client.Do("PATCH", path, `{"metadata":{"labels":{"harmless":"yes"}}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
	for _, row := range []struct{ name, method, path, body string }{
		{"take the tenant label off", "PATCH", path, `{"metadata":{"labels":{"istio-tenancy.dev/tenant":null}}}`},
		{"change the tenant label", "PATCH", path, `{"metadata":{"labels":{"istio-tenancy.dev/tenant":"dev"}}}`},
		{"change it by the status", "PATCH", path + "/status", `{"metadata":{"labels":{"istio-tenancy.dev/tenant":"dev"}}}`},
		{"take the revision label off", "PATCH", path, `{"metadata":{"labels":{"istio.io/rev":null}}}`},
		{"change the revision label", "PATCH", path, `{"metadata":{"labels":{"istio.io/rev":"dev"}}}`},
		{"let its Pods reach their nodes", "PATCH", path, `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`},
		{"delete the Namespace", "DELETE", path, ""},
	} {
		c.check(row.name, func(t *testing.T) {
			answer, err := client.Do(row.method, row.path, row.body)
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-namespaces", "refused, but not by the policy")
		})
	}
}

// postRole is the Role and RoleBinding of the post, word by word, for an
// administrator and a namespace.
const postRole = `
kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  namespace: %[2]s
  name: ns-access-for-%[1]s-%[2]s
rules:
- apiGroups: [""] # "" indicates the core API group
  resources: ["*"]
  verbs: ["*"]
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: access-all-%[2]s
  namespace: %[2]s
subjects:
- kind: User
  name: %[1]s
  apiGroup: rbac.authorization.k8s.io
roleRef:
  kind: Role
  name: ns-access-for-%[1]s-%[2]s
  apiGroup: rbac.authorization.k8s.io
`

// postWorld is what the post's reader has, in today's shapes: two namespaces
// per tenant, the post's Role in them, and a control plane with the
// cluster-wide rights that Istio's own manifests give it.
const postWorld = `
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s}
---
apiVersion: v1
kind: Namespace
metadata: {name: %[2]s}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: istiod, namespace: %[1]s}
---
apiVersion: v1
kind: Secret
metadata: {name: istio-ca-secret, namespace: %[1]s}
---
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: %[2]s}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: %[1]s}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: %[1]s}
---
apiVersion: v1
kind: Service
metadata: {name: istiod, namespace: %[1]s}
spec: {selector: {app: istiod}, ports: [{name: xds, port: 15010}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: istiod, namespace: %[1]s}
spec: {podSelector: {}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: %[1]s}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod}}
    spec:
      serviceAccountName: istiod
      containers: [{name: discovery, image: registry.example/pilot}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istiod-clusterrole-%[1]s}
rules:
- apiGroups: [""]
  resources: [endpoints, namespaces, nodes, pods, secrets, services]
  verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod-clusterrole-%[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: istiod-clusterrole-%[1]s}
subjects: [{kind: ServiceAccount, name: istiod, namespace: %[1]s}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: istio-validator-%[1]s}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-%[1]s}
---
`

// The same list against the post's own Role, for comparison: nothing here is
// this repository's.
func TestTheSameAttacksAgainstTheRoleOfThePost(t *testing.T) {
	c := claims(t, "For comparison: the same attacks with the Role of the blog post, many of which succeed")
	post, err := cluster.Start(binaries, cluster.Options{
		Logs: filepath.Join(logs, "post-2018"), Users: []string{"dev-admin", "sales-admin"}})
	require.NoError(t, err)
	defer post.Stop()
	for _, tenant := range [][3]string{{"dev-admin", "istio-system", "ns-0"}, {"sales-admin", "istio-system1", "ns-1"}} {
		text := fmt.Sprintf(postWorld, tenant[1], tenant[2]) +
			fmt.Sprintf(postRole, tenant[0], tenant[1]) + "---" + fmt.Sprintf(postRole, tenant[0], tenant[2])
		objects, err := cluster.Parse([]byte(text))
		require.NoError(t, err)
		_, err = post.Admin.Apply(objects)
		require.NoError(t, err)
	}
	on := target{
		tenant: "sales", app: "ns-1", plane: "istio-system1", other: "dev", otherApp: "ns-0", otherPlane: "istio-system",
		otherAdmin: "dev-admin", istiod: "istiod", otherIstiod: "istiod", mesh: "istio", injector: "istio-sidecar-injector",
		validator: "istio-validator-istio-system1", otherHook: "istio-sidecar-injector-istio-system",
		clusterRole: "istiod-clusterrole-istio-system1", memberRole: "istiod", adminRole: "ns-access-for-sales-admin-istio-system1", policy: "istiod",
	}
	on.pod, err = post.PodOf("istio-system1", "istiod")
	require.NoError(t, err)
	require.NoError(t, post.RunPods())

	c.check("a token of istiod reads the other tenant's Secret", func(t *testing.T) {
		answer, err := post.As("sales-admin").Do("POST", "/api/v1/namespaces/istio-system1/serviceaccounts/istiod/token", token)
		require.NoError(t, err)
		stolen, err := cluster.TokenIn(answer)
		require.NoError(t, err)
		_, err = post.WithToken(stolen).Get("/api/v1/namespaces/ns-0/secrets/database")
		require.NoError(t, err)
	})
	var succeeded []string
	client := post.As("sales-admin")
	for _, attack := range attacks {
		_, answer, err := attack.try(client, on)
		require.NoError(t, err)
		if attack.succeeded(answer) {
			succeeded = append(succeeded, attack.name)
		}
	}
	t.Logf("succeed:\n%s", strings.Join(succeeded, "\n"))
	c.check("many succeed", func(t *testing.T) { require.GreaterOrEqual(t, len(succeeded), 20) })
	c.note("Against the post's own Role %d of the %d attacks succeed; against what is rendered here, see above.",
		len(succeeded), len(attacks))
}

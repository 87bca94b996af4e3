package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// What is in a Namespace stays there when its label changes: by a RoleBinding of
// the tenant before, its administrator would read the Secrets of the one after.
func TestANamespaceDoesNotMoveFromOneTenantToAnother(t *testing.T) {
	c := claims(t, "A Namespace gets its tenant when it is created. Nobody can give it to another tenant, and an existing one must be adopted explicitly")
	w := theWorld(t)
	dev, hr := w.tenants["dev"], w.tenants["hr"]
	w.make(t, fmt.Sprintf(movable, hr.admin))
	const path = "/api/v1/namespaces/"
	change := func(namespace, body string) cluster.Answer {
		answer, err := w.cluster.Admin.Do("PATCH", path+namespace, body)
		require.NoError(t, err)
		return answer
	}
	refused := func(name string, answer func() (cluster.Answer, error), words ...string) {
		c.check(name, func(t *testing.T) {
			answer, err := answer()
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, "%.300s", answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-namespaces")
			for _, word := range words {
				require.Contains(t, answer.Message(), word)
			}
		})
	}
	toDev := `{"metadata":{"labels":{"istio-tenancy.dev/tenant":"dev"}}}`
	do := func(method, path, body string) func() (cluster.Answer, error) {
		return func() (cluster.Answer, error) { return w.cluster.Admin.Do(method, path, body) }
	}
	refused("the cluster administrator makes hr's Namespace dev's", do("PATCH", path+"moved", toDev), "is hr", "create it again")
	refused("by its status", do("PATCH", path+"moved/status", toDev), "is hr")
	refused("by server-side apply", do("PATCH", path+"moved?fieldManager=x&force=true",
		`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"moved","labels":{"istio-tenancy.dev/tenant":"dev"}}}`), "is hr")
	refused("even with the annotation that adopts", do("PATCH", path+"moved",
		`{"metadata":{"annotations":{"istio-tenancy.dev/adopt":"dev"},"labels":{"istio-tenancy.dev/tenant":"dev"}}}`), "is hr")
	c.check("hr's administrator reads no Secret of dev's there", func(t *testing.T) {
		stored, err := w.cluster.Admin.Get(path + "moved")
		require.NoError(t, err)
		_, err = w.cluster.As(hr.admin).Get(path + "moved/secrets/database")
		require.False(t, err == nil && stored.GetLabels()["istio-tenancy.dev/tenant"] == dev.name, "the RoleBinding has survived the move")
	})
	refused("the label on a Namespace that is there", do("PATCH", path+"found", toDev), "RoleBindings and Secrets", "istio-tenancy.dev/adopt=dev")
	refused("adopted for another tenant", do("PATCH", path+"found",
		`{"metadata":{"annotations":{"istio-tenancy.dev/adopt":"hr"},"labels":{"istio-tenancy.dev/tenant":"dev"}}}`), "istio-tenancy.dev/adopt=dev")

	c.check("what the message says, and kubectl apply again", func(t *testing.T) {
		file := w.cluster.Logs + "/found.yaml"
		require.NoError(t, os.WriteFile(file, []byte("{apiVersion: v1, kind: Namespace, metadata: {name: found, labels: {istio-tenancy.dev/tenant: dev, istio.io/rev: dev}}}"), 0o644))
		apply := []string{"apply", "--server-side", "-f", file}
		out, err := w.cluster.Kubectl(cluster.ClusterAdmin, apply...)
		require.Error(t, err, out)
		command := regexp.MustCompile(`kubectl (annotate namespace \S+ \S+)`).FindStringSubmatch(out)
		require.NotNil(t, command, out)
		out, err = w.cluster.Kubectl(cluster.ClusterAdmin, strings.Fields(command[1])...)
		require.NoError(t, err, out)
		for range 2 {
			out, err = w.cluster.Kubectl(cluster.ClusterAdmin, apply...)
			require.NoError(t, err, out)
		}
	})
	c.check("the label off, by the cluster administrator", func(t *testing.T) {
		require.NoError(t, change("found", `{"metadata":{"labels":{"istio-tenancy.dev/tenant":null},"annotations":{"istio-tenancy.dev/adopt":null}}}`).Error())
	})

	// Whoever else may write the Namespace.
	client := w.cluster.As(hr.admin)
	by := func(name, body string) {
		refused(name, func() (cluster.Answer, error) { return client.Do("PATCH", path+"moved", body) }, "administer on istiotenants.istio-tenancy.dev")
	}
	w.make(t, strings.NewReplacer("$ADMIN", hr.admin).Replace(namespaceWriter))
	w.granted(t, hr.admin, "moved", "patch", "", "namespaces", "")
	by("the annotation that adopts", `{"metadata":{"annotations":{"istio-tenancy.dev/adopt":"hr"}}}`)
	for _, label := range []string{
		"resource.kubernetes.io/admin-access", "pod-security.kubernetes.io/enforce-version", "istio.io/dataplane-mode", "istio.io/use-waypoint",
		"istio-discovery", "topology.istio.io/network", "security.openshift.io/scc.podSecurityLabelSync", "openshift.io/run-level",
	} {
		by("the label "+label, `{"metadata":{"labels":{"`+label+`":"latest"}}}`)
	}
	by("the annotation of the nodes", `{"metadata":{"annotations":{"scheduler.alpha.kubernetes.io/node-selector":"x=y"}}}`)
	c.check("a label that only warns", func(t *testing.T) {
		answer, err := client.Do("PATCH", path+"moved", `{"metadata":{"labels":{"pod-security.kubernetes.io/warn":"restricted"}}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
}

// movable are a Namespace of hr's with its administrator's rights, and one that is
// nobody's.
const movable = `
{apiVersion: v1, kind: Namespace, metadata: {name: moved, labels: {istio-tenancy.dev/tenant: hr}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: found}}
---
{apiVersion: v1, kind: Secret, metadata: {name: database, namespace: moved}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: own, namespace: moved}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: User, name: %[1]s, apiGroup: rbac.authorization.k8s.io}]
`

const namespaceWriter = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: namespace, namespace: moved}
rules: [{apiGroups: [""], resources: [namespaces], verbs: [get, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: namespace, namespace: moved}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: namespace}
subjects: [{kind: User, name: $ADMIN, apiGroup: rbac.authorization.k8s.io}]
`

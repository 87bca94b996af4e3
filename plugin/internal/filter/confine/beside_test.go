package confine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// let binds a role to a person and to istiod.
func let(namespace, kind, role string) string {
	return fmt.Sprintf(`---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: let, namespace: %s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: %s}
subjects: [{kind: User, name: jo}, {kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}]
`, namespace, kind, role)
}

func role(rule string) string {
	return "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: istio-system1}, rules: [" + rule + "]}\n"
}

// said are the warnings of a step that laying text gives.
func said(t *testing.T, text string) []string {
	t.Helper()
	f := filter(t, "namespace")
	var warnings []string
	f.Warn = func(w string) { warnings = append(warnings, w) }
	objecttest.Run(t, f, input+text)
	return warnings
}

// TestNobodyBecomesTheControlPlaneByABinding: its own programs are what they are.
func TestNobodyBecomesTheControlPlaneByABinding(t *testing.T) {
	const end = ", for User jo (subjects[0]): whoever has it in the control plane's namespace can become the control plane; spec.admins of the tenant grants what is safe " +
		"there, and spec.controlPlane.adminAccess: full grants the rest where that is safe; the cluster administrator may apply this one outside of the overlay"
	for _, name := range []string{"cluster-admin", "admin", "edit"} {
		require.Equal(t, "RoleBinding istio-system1/let: roleRef: found ClusterRole "+name+", which may impersonate serviceaccounts"+end,
			objecttest.RunError(t, filter(t, "namespace"), input+let("istio-system1", "ClusterRole", name)))
	}
	for rule, right := range map[string]string{
		`{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`:                                      "escalate roles.rbac.authorization.k8s.io",
		`{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [escalate, create]}`: "escalate roles.rbac.authorization.k8s.io",
		`{apiGroups: [rbac.authorization.k8s.io], resources: ["*"], verbs: [bind]}`:               "bind roles.rbac.authorization.k8s.io",
		`{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}`:      "bind clusterroles.rbac.authorization.k8s.io",
		`{apiGroups: [""], resources: [serviceaccounts], verbs: [impersonate]}`:                   "impersonate serviceaccounts",
		`{apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}`:                  "create serviceaccounts/token",
	} {
		require.Equal(t, "RoleBinding istio-system1/let: roleRef: found Role r, which may "+right+" (rules[0])"+end,
			objecttest.RunError(t, filter(t, "namespace"), input+role(rule)+let("istio-system1", "Role", "r")))
	}
}

func TestWhoIsLetInBesideTheControlPlaneIsNamed(t *testing.T) {
	const end = " is not checked; spec.admins and spec.viewers of the tenant grant what is safe there"
	const start = "RoleBinding istio-system1/let: subjects[0]: found User jo: whoever may write, exec or read Secrets in the control plane's namespace can become the control plane, and "
	require.Equal(t, []string{start + "ClusterRole view" + end}, said(t, let("istio-system1", "ClusterRole", "view")))
	require.Equal(t, []string{start + "Role r" + end},
		said(t, role(`{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [create]}`)+let("istio-system1", "Role", "r")))
}

func TestWhoHasTheNamespaceItselfIsNamed(t *testing.T) {
	require.Empty(t, said(t, let("ns-1", "ClusterRole", "admin")))
	require.Equal(t, []string{"RoleBinding ns-1/let: roleRef: found ClusterRole cluster-admin, which includes the Namespace itself and its quotas, and those " +
		"are the cluster administrator's: bind ClusterRole admin"}, said(t, let("ns-1", "ClusterRole", "cluster-admin")))
	require.Equal(t, []string{"RoleBinding let: roleRef: found ClusterRole cluster-admin, which includes the Namespace itself and its quotas, and those " +
		"are the cluster administrator's: bind ClusterRole admin"}, said(t, let(`""`, "ClusterRole", "cluster-admin")), "it will be in ns-1")
}

// TestWhatRunsAsTheControlPlaneIsNamed: its Deployment does, whatever others call
// their containers.
func TestWhatRunsAsTheControlPlaneIsNamed(t *testing.T) {
	const pod = "containers: [{name: discovery, image: evil/pilot}]"
	for _, test := range []struct{ object, at string }{
		{"apiVersion: v1, kind: Pod, %s, spec: {serviceAccountName: istiod-sales, " + pod + "}", "spec.serviceAccountName"},
		{"apiVersion: v1, kind: Pod, %s, spec: {serviceAccount: istiod-sales, " + pod + "}", "spec.serviceAccount"},
		{"apiVersion: batch/v1, kind: Job, %s, spec: {template: {spec: {serviceAccountName: istiod-sales, " + pod + "}}}", "spec.template.spec.serviceAccountName"},
		{
			"apiVersion: batch/v1, kind: CronJob, %s, spec: {jobTemplate: {spec: {template: {spec: {serviceAccountName: istiod-sales, " + pod + "}}}}}",
			"spec.jobTemplate.spec.template.spec.serviceAccountName",
		},
		{"apiVersion: apps/v1, kind: Deployment, %s, spec: {template: {spec: {serviceAccountName: istiod-sales, " + pod + "}}}", "spec.template.spec.serviceAccountName"},
		{"apiVersion: apps/v1, kind: DaemonSet, %s, spec: {template: {spec: {serviceAccountName: istiod-sales, " + pod + "}}}", "spec.template.spec.serviceAccountName"},
		{"apiVersion: apps/v1, kind: StatefulSet, %s, spec: {template: {spec: {serviceAccountName: istiod-sales, " + pod + "}}}", "spec.template.spec.serviceAccountName"},
		{"apiVersion: apps/v1, kind: ReplicaSet, %s, spec: {template: {spec: {serviceAccountName: istiod-sales, " + pod + "}}}", "spec.template.spec.serviceAccountName"},
		{"apiVersion: v1, kind: ReplicationController, %s, spec: {template: {spec: {serviceAccountName: istiod-sales, " + pod + "}}}", "spec.template.spec.serviceAccountName"},
		{"apiVersion: v1, kind: PodTemplate, %s, template: {spec: {serviceAccountName: istiod-sales, " + pod + "}}", "template.spec.serviceAccountName"},
	} {
		text := "---\n{" + fmt.Sprintf(test.object, "metadata: {name: a, namespace: istio-system1}") + "}\n"
		warnings := said(t, text)
		require.Len(t, warnings, 1, text)
		require.Contains(t, warnings[0], " istio-system1/a: "+test.at+": found istiod-sales, which istiod runs as: whoever changes this workload, or its image, "+
			"has its rights; give it a ServiceAccount of its own")
	}
	for _, text := range []string{
		"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: istio-system1}, spec: {serviceAccountName: own, " + pod + "}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: istio-system1}, spec: {" + pod + "}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ns-1}, spec: {serviceAccountName: istiod-sales, " + pod + "}}",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: prometheus, namespace: istio-system1}, spec: {template: {spec: {serviceAccountName: prometheus}}}}",
	} {
		require.Empty(t, said(t, "---\n"+text), text)
	}
}

package place_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// warnings are what settling text says, for a tenant with these Pod Security labels.
func warnings(t *testing.T, text, level string, namespaces ...string) []string {
	t.Helper()
	var all []string
	f := filter()
	f.Warn = func(w string) { all = append(all, w) }
	f.Tenant.Spec.ApplicationNamespaces = namespaces
	if len(namespaces) > 1 {
		f.Tenant.Spec.Discovery = "selectors" // by name: no warning of it
	}
	if level != "" {
		f.Tenant.Spec.NamespaceLabels = map[string]string{"pod-security.kubernetes.io/enforce": level}
	}
	objecttest.Run(t, f, text)
	return all
}

func TestSaysThatAnotherOrderMovesApplications(t *testing.T) {
	const text = `
{apiVersion: v1, kind: Service, metadata: {name: a}}
---
{apiVersion: v1, kind: Service, metadata: {name: b}}
---
{apiVersion: v1, kind: Service, metadata: {name: c}}
---
{apiVersion: v1, kind: Service, metadata: {name: d}}
---
{apiVersion: v1, kind: Service, metadata: {name: e, namespace: ns-2}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ns-1}}
`
	require.Equal(t, []string{"Service a, Service b, Service c, and 1 more: metadata.namespace: is missing, so that these go to ns-1, " +
		"the first of spec.applicationNamespaces: another order of that list moves them, and deletes them where they were; write the namespace"},
		warnings(t, text, "", "ns-1", "ns-2"))
	require.Empty(t, warnings(t, "{apiVersion: v1, kind: Service, metadata: {name: a}}", "", "ns-1"))
}

func TestSaysWhichPodsANodeRefuses(t *testing.T) {
	const daemon = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: a, namespace: ns-1}
spec:
  template:
    spec:
      hostNetwork: true
      hostPID: false
      volumes: [{name: a, emptyDir: {}}, {name: b, hostPath: {path: /}}]
      initContainers:
      - name: init
        securityContext: {privileged: false, capabilities: {add: [NET_ADMIN, SYS_ADMIN]}}
      containers:
      - name: a
        ports: [{containerPort: 80}, {containerPort: 81, hostPort: 81}, {containerPort: 82, hostPort: 0}]
        securityContext: {privileged: true}
`
	const end = ": reaches the node, so that its Pods are refused when they start; remove it, or set spec.namespaceLabels of the tenant to " +
		"{pod-security.kubernetes.io/enforce: privileged}, which lets the tenant do everything on its nodes"
	const at = "DaemonSet ns-1/a: spec.template.spec."
	require.Equal(t, []string{
		at + "hostNetwork" + end,
		at + "volumes[1].hostPath" + end,
		at + "initContainers[0].securityContext.capabilities.add: SYS_ADMIN" + end,
		at + "containers[0].ports[1].hostPort" + end,
		at + "containers[0].securityContext.privileged" + end,
	}, warnings(t, daemon, "", "ns-1"))
	require.Len(t, warnings(t, daemon, "baseline", "ns-1"), 6, "NET_ADMIN, too")
	require.Empty(t, warnings(t, daemon, "privileged", "ns-1"))
	require.Empty(t, warnings(t, daemon+`---
{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {pod-security.kubernetes.io/enforce: privileged}}}`, "", "ns-1"))
	require.Equal(t, []string{"CronJob ns-1/a: spec.jobTemplate.spec.template.spec.hostIPC" + end}, warnings(t,
		"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {template: {spec: {hostIPC: true}}}}}}", "", "ns-1"))
	require.Equal(t, []string{"Pod ns-1/a: spec.hostIPC" + end},
		warnings(t, "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostIPC: true}}", "", "ns-1"))
}

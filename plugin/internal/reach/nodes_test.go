package reach

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestHoldsNode(t *testing.T) {
	for spec, holds := range map[string]bool{
		`containers: [{name: a}]`: false,
		`containers: [{name: a, securityContext: {privileged: true, runAsUser: 1000}}]`:                                                                            true,
		`initContainers: [{name: a, securityContext: {privileged: true}}]`:                                                                                         true,
		`containers: [{name: a, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]`:                                                                             true,
		`containers: [{name: a, securityContext: {capabilities: {add: [NET_BIND_SERVICE]}}}]`:                                                                      false,
		`{volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                                                          true,
		`{volumes: [{name: v, hostPath: {path: /var}}], containers: [{name: a, volumeMounts: [{name: v, readOnly: true}]}]}`:                                       true,
		`{volumes: [{name: v, hostPath: {path: /var/run/containerd/containerd.sock}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                        true,
		`{volumes: [{name: v, hostPath: {path: /etc/localtime}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                                             false,
		`{volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a}]}`:                                                                                     false,
		`{securityContext: {runAsNonRoot: true}, volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                   false,
		`{securityContext: {runAsUser: 65534}, volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                     false,
		`{securityContext: {runAsUser: 1}, volumes: [{name: v, hostPath: {path: /}}], containers: [{securityContext: {runAsUser: 0}, volumeMounts: [{name: v}]}]}`: true,
		`{volumes: [{name: v, emptyDir: {}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                                                                 false,
	} {
		var content map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(spec), &content))
		decoded := parse(t, "spec.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: a}\n")[0]
		decoded.Content["spec"] = whole(content)
		require.Equal(t, holds, heldBy(decoded, []string{"spec"}), spec)
	}
}

// whole has the numbers as a snapshot has them.
func whole(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = whole(value[key])
		}
	case []any:
		for i := range value {
			value[i] = whole(value[i])
		}
	case float64:
		return int64(value)
	}
	return value
}

// A Gateway that is there can be changed so that its Deployment runs as somebody else.
func TestChangesGateway(t *testing.T) {
	tenants, err := os.ReadFile("testdata/tenants.yaml")
	require.NoError(t, err)
	text := strings.NewReplacer("SEED-", "", "name: admin, apiGroup", "name: view, apiGroup").Replace(string(tenants)) + `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: a-system}
spec: {template: {spec: {serviceAccountName: istiod, containers: [{name: main}]}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: deploys, namespace: a}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deploys, namespace: a}
subjects: [{kind: ServiceAccount, name: istiod, namespace: a-system}]
roleRef: {kind: Role, name: deploys, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: extra, namespace: a}
rules:
- {apiGroups: [gateway.networking.k8s.io], resources: [gateways], verbs: [VERBS]}
- {apiGroups: [""], resources: [configmaps], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: extra, namespace: a}
subjects: [{kind: User, name: carol, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: extra, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: wide}
subjects: [{kind: ServiceAccount, name: wide, namespace: a}]
roleRef: {kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: wide, namespace: a}`
	const web = "\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: web, namespace: a}\nspec: {gatewayClassName: istio}"
	for verb, c := range map[string]struct{ more, says string }{
		"create": {"", "User carol: makes a Gateway in a, whose Deployment the control plane makes to run as ServiceAccount a/wide"},
		"patch":  {web, "User carol: changes Gateway a/web, whose Deployment the control plane makes to run as ServiceAccount a/wide"},
		"update": {"", ""},
	} {
		found := strings.Join(lines(find(t, parse(t, "gateway.yaml", strings.Replace(text, "VERBS", verb, 1)+c.more))), "\n")
		if c.says == "" {
			require.NotContains(t, found, "carol", verb)
			continue
		}
		require.Contains(t, found, c.says, verb)
	}
}

// A rule with many names is not looked at once for each of them.
func TestManyNames(t *testing.T) {
	var names []string
	for i := range 20000 {
		names = append(names, fmt.Sprint("n", i))
	}
	tenants, err := os.ReadFile("testdata/tenants.yaml")
	require.NoError(t, err)
	text := strings.ReplaceAll(string(tenants), "SEED-", "") + `
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: extra, namespace: a}
rules:
- {apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [bind, escalate], resourceNames: [` + strings.Join(names, ", ") + `]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: extra, namespace: a}
subjects: [{kind: User, name: carol, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: extra, apiGroup: rbac.authorization.k8s.io}`
	objects := parse(t, "names.yaml", text)
	require.NotContains(t, strings.Join(lines(find(t, objects)), "\n"), "carol")
}

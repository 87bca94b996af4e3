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
		`containers: [{name: a, securityContext: {privileged: true, runAsUser: 1000}}]`:                                                                                                  true,
		`initContainers: [{name: a, securityContext: {privileged: true}}]`:                                                                                                               true,
		`containers: [{name: a, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]`:                                                                                                   true,
		`containers: [{name: a, securityContext: {capabilities: {add: [NET_BIND_SERVICE]}}}]`:                                                                                            false,
		`{volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                                                                                true,
		`{volumes: [{name: v, hostPath: {path: /var}}], containers: [{name: a, volumeMounts: [{name: v, readOnly: true}]}]}`:                                                             true,
		`{volumes: [{name: v, hostPath: {path: /var/run/containerd/containerd.sock}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                                              true,
		`{volumes: [{name: v, hostPath: {path: /etc/localtime}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                                                                   false,
		`{volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a}]}`:                                                                                                           false,
		`{securityContext: {runAsNonRoot: true}, volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                                         true,
		`{securityContext: {runAsUser: 65534, supplementalGroups: [999]}, volumes: [{name: v, hostPath: {path: /run/docker.sock}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`: true,
		`{hostPID: true, containers: [{name: a}]}`:                                                                                                                                       true,
		`{hostNetwork: true, containers: [{name: a}]}`:                                                                                                                                   false,
		`{hostNetwork: true, containers: [{name: a, securityContext: {capabilities: {add: [NET_ADMIN]}}}]}`:                                                                              true,
		`{initContainers: [{name: a, securityContext: {capabilities: {drop: [ALL], add: [NET_ADMIN, NET_RAW]}}}]}`:                                                                       false,
		`containers: [{name: a, securityContext: {capabilities: {add: [CAP_NET_RAW, cap_kill]}}}]`:                                                                                       false,
		`containers: [{name: a, securityContext: {capabilities: {add: [cap_sys_admin]}}}]`:                                                                                               true,
		`containers: [{name: a, securityContext: {capabilities: {add: [DAC_READ_SEARCH]}}}]`:                                                                                             true,
		`containers: [{name: a, securityContext: {capabilities: {add: [SYS_RAWIO]}}}]`:                                                                                                   true,
		`containers: [{name: a, securityContext: {capabilities: {add: [BPF, PERFMON]}}}]`:                                                                                                true,
		`containers: [{name: a, securityContext: {procMount: Unmasked}}]`:                                                                                                                true,
		`containers: [{name: a, securityContext: {windowsOptions: {hostProcess: true}}}]`:                                                                                                true,
		`{securityContext: {windowsOptions: {hostProcess: true}}, hostNetwork: true, containers: [{name: a}]}`:                                                                           true,
		`{containers: [{name: a}], ephemeralContainers: [{name: b, securityContext: {privileged: true}}]}`:                                                                               true,
		`{volumes: [{name: v, hostPath: {path: /etc/ssl/certs}}], containers: [{name: a, volumeMounts: [{name: v, readOnly: true}]}]}`:                                                   false,
		`{volumes: [{name: v, hostPath: {path: /etc/ssl/certs}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                                                                   true,
		`{volumes: [{name: v, hostPath: {path: /etc/ssl/certs/../..}}], containers: [{name: a, volumeMounts: [{name: v, readOnly: true}]}]}`:                                             true,
		`{securityContext: {runAsUser: 1}, volumes: [{name: v, hostPath: {path: /}}], containers: [{securityContext: {runAsUser: 0}, volumeMounts: [{name: v}]}]}`:                       true,
		`{volumes: [{name: v, emptyDir: {}}], containers: [{name: a, volumeMounts: [{name: v}]}]}`:                                                                                       false,
	} {
		var content map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(spec), &content))
		decoded := parse(t, "spec.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: a}\n")[0]
		decoded.Content["spec"] = whole(content)
		require.Equal(t, holds, heldBy(decoded, []string{"spec"}), spec)
	}
}

// Each folder of a node is one by which somebody may control it.
func TestFoldersOfNode(t *testing.T) {
	for _, folder := range []string{
		"/bin", "/boot", "/etc/crontab", "/etc/ld.so.preload", "/etc/pam.d", "/etc/profile.d", "/etc/shadow", "/home", "/lib", "/lib64", "/lib/systemd/system",
		"/run/cri-dockerd.sock", "/run/dbus", "/run/k3s", "/run/podman", "/sbin", "/sys", "/var/lib/containers", "/var/lib/etcd", "/var/lib/rancher", "/var/log", "/var/spool/cron",
	} {
		require.True(t, holdsNode(map[string]any{
			"volumes":    []any{map[string]any{"name": "v", "hostPath": map[string]any{"path": folder}}},
			"containers": []any{map[string]any{"name": "a", "volumeMounts": []any{map[string]any{"name": "v", "readOnly": true}}}},
		}), folder)
	}
}

// The label of a Namespace does not end Pods that were there before it.
func TestPodsBeforePodSecurity(t *testing.T) {
	tenants, err := os.ReadFile("testdata/tenants.yaml")
	require.NoError(t, err)
	const spec = "containers: [{name: main, securityContext: {privileged: true}}]"
	for name, c := range map[string]struct{ object, right, verb, says string }{
		"a Pod":                        {"apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: a-old, uid: u}\nspec: {" + spec + "}", "pods/exec", "create", "runs a program in Pod a-old/agent"},
		"a Pod that somebody attaches": {"apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: a-old, uid: u}\nspec: {" + spec + "}", "pods/attach", "create", "attaches to Pod a-old/agent"},
		"a Pod that somebody changes":  {"apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: a-old, uid: u}\nspec: {" + spec + "}", "pods", "patch", ""},
		"a Pod that gets a container":  {"apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: a-old, uid: u}\nspec: {" + spec + "}", "pods/ephemeralcontainers", "patch", ""},
		"a Pod that will be made":      {"apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: a-old}\nspec: {" + spec + "}", "pods/exec", "create", ""},
		"a DaemonSet with Pods":        {"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent, namespace: a-old, uid: u}\nspec: {template: {spec: {" + spec + "}}}\nstatus: {currentNumberScheduled: 1}", "pods/exec", "create", "runs a program in a Pod of DaemonSet a-old/agent"},
		"a DaemonSet without Pods":     {"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent, namespace: a-old, uid: u}\nspec: {template: {spec: {" + spec + "}}}\nstatus: {currentNumberScheduled: 0}", "pods/exec", "create", ""},
	} {
		text := strings.ReplaceAll(string(tenants), "SEED-", "") + `
---
apiVersion: v1
kind: Namespace
metadata: {name: a-old, labels: {istio-tenancy.dev/tenant: a, pod-security.kubernetes.io/enforce: baseline}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: extra, namespace: a-old}
rules: [{apiGroups: [""], resources: [` + c.right + `], verbs: [` + c.verb + `]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: extra, namespace: a-old}
subjects: [{kind: User, name: carol, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: extra, apiGroup: rbac.authorization.k8s.io}
---
` + c.object
		objects := parse(t, "old.yaml", text)
		for _, o := range objects {
			o.Content = whole(o.Content).(map[string]any)
		}
		found := strings.Join(lines(find(t, objects)), "\n")
		if c.says == "" {
			require.NotContains(t, found, "carol", name)
			continue
		}
		require.Contains(t, found, c.says+", which has access to its node, and gets control of what runs on its node: it was there before", name)
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

package place_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

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
	require.Equal(t, []string{`spec.namespaceLabels[pod-security.kubernetes.io/enforce]: found "privileged": the tenant's Pods may do everything on their nodes, ` +
		`and with that reach every tenant whose Pods run there; without the label, the policy of bases/tenancy keeps them from their nodes`}, warnings(t, daemon, "privileged", "ns-1"))
	require.Empty(t, warnings(t, daemon+`---
{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {pod-security.kubernetes.io/enforce: privileged}}}`, "", "ns-1"))
	require.Equal(t, []string{"CronJob ns-1/a: spec.jobTemplate.spec.template.spec.hostIPC" + end}, warnings(t,
		"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {template: {spec: {hostIPC: true}}}}}}", "", "ns-1"))
	require.Equal(t, []string{"Pod ns-1/a: spec.hostIPC" + end},
		warnings(t, "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostIPC: true}}", "", "ns-1"))
}

// pod is a Pod with fields of its spec, and of its container.
func pod(spec, container string) string {
	return "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {" + spec + " containers: [{name: a" + container + "}]}}"
}

func TestSaysWhatElseANodeRefuses(t *testing.T) {
	for want, text := range map[string]string{
		"hostPID":        pod("hostPID: yes,", ""),
		"volumes[0].nfs": pod("volumes: [{name: a, nfs: {server: x}}],", ""),
		"securityContext.sysctls[0]: kernel.msgmax":                      pod("securityContext: {sysctls: [{name: kernel.msgmax}]},", ""),
		"securityContext.seccompProfile.type: Unconfined":                pod("securityContext: {seccompProfile: {type: Unconfined}},", ""),
		"securityContext.windowsOptions.hostProcess":                     pod("securityContext: {windowsOptions: {hostProcess: true}},", ""),
		"ephemeralContainers[0].securityContext.privileged":              pod("ephemeralContainers: [{name: e, securityContext: {privileged: true}}],", ""),
		"containers[0].securityContext.procMount: Unmasked":              pod("", ", securityContext: {procMount: Unmasked}"),
		"containers[0].securityContext.appArmorProfile.type: Unconfined": pod("", ", securityContext: {appArmorProfile: {type: Unconfined}}"),
		"containers[0].securityContext.seLinuxOptions.user":              pod("", ", securityContext: {seLinuxOptions: {user: system_u}}"),
		"containers[0].securityContext.seLinuxOptions.type: spc_t":       pod("", ", securityContext: {seLinuxOptions: {type: spc_t}}"),
		"containers[0].livenessProbe.tcpSocket.host: 10.97.0.2":          pod("", ", livenessProbe: {tcpSocket: {host: 10.97.0.2}}"),
		"containers[0].lifecycle.preStop.httpGet.host: 10.97.0.2":        pod("", ", lifecycle: {preStop: {httpGet: {host: 10.97.0.2}}}"),
		"initContainers[0].startupProbe.httpGet.host: 10.97.0.2":         pod("initContainers: [{name: i, startupProbe: {httpGet: {host: 10.97.0.2}}}],", ""),
	} {
		got := warnings(t, text, "", "ns-1")
		require.Len(t, got, 1, text)
		require.Contains(t, got[0], "Pod ns-1/a: spec."+want+": reaches the node, ")
	}
	require.Empty(t, warnings(t, pod("volumes: [{name: a, nfs: {server: x}}],", ""), "baseline", "ns-1"), "which has nothing against it")
	require.Len(t, warnings(t, pod("volumes: [{name: a, nfs: {server: x}}],", ""), "restricted", "ns-1"), 1)
}

func TestSaysWhichPodsAreWhereTheyShouldNotBe(t *testing.T) {
	const end = ", or set spec.namespaceLabels of the tenant to {pod-security.kubernetes.io/enforce: privileged}, which lets the tenant do everything on its nodes"
	for field, want := range map[string]string{
		"priorityClassName: system-node-critical,": "priorityClassName: found system-node-critical, which displaces other tenants' Pods, so that its Pods are refused " +
			"when they start; take a PriorityClass of your own",
		"priority: 2000000000,": "priority: found 2000000000, which displaces other tenants' Pods, so that its Pods are refused when they start; take a PriorityClass of your own",
		"nodeName: node-1,":     "nodeName: found node-1, which bypasses the scheduler and the taints of nodes, so that its Pods are refused when they start; use nodeSelector or affinity",
		"tolerations: [{key: a, operator: Exists}, {operator: Exists}],": "tolerations[1]: tolerates the nodes of the cluster's control plane, so that its Pods are " +
			"refused when they start; name the keys of other taints",
		"tolerations: [{key: node-role.kubernetes.io/etcd}],": "tolerations[0]: tolerates the nodes of the cluster's control plane, so that its Pods are refused " +
			"when they start; name the keys of other taints",
		"tolerations: [{key: node-role.kubernetes.io/master}],": "tolerations[0]: tolerates the nodes of the cluster's control plane, so that its Pods are refused " +
			"when they start; name the keys of other taints",
	} {
		for _, level := range []string{"", "baseline", "restricted"} { // it is no part of Pod Security
			require.Equal(t, []string{"Pod ns-1/a: spec." + want + end}, warnings(t, pod(field, ""), level, "ns-1"))
		}
		require.Len(t, warnings(t, pod(field, ""), "privileged", "ns-1"), 1, "of the level alone")
	}
	require.Empty(t, warnings(t, pod("priorityClassName: important, priority: 1000000, nodeSelector: {a: b},", ""), "", "ns-1"))
}

func TestSaysWhichRegistriesANodeIsNotToAsk(t *testing.T) {
	const end = ", an address at which a node reaches itself, a machine near it or a Pod, so that its Pods are refused when they start; take a registry outside of the cluster, " +
		"by a name with a dot, or set spec.namespaceLabels of the tenant to {pod-security.kubernetes.io/enforce: privileged}, which lets the tenant do everything on its nodes"
	for field, of := range map[string]func(image string) string{
		"containers[0].image":        func(image string) string { return pod("", ", image: '"+image+"'") },
		"initContainers[0].image":    func(image string) string { return pod("initContainers: [{name: i, image: '"+image+"'}],", "") },
		"volumes[0].image.reference": func(image string) string { return pod("volumes: [{name: v, image: {reference: '"+image+"'}}],", "") },
	} {
		for _, image := range []string{
			"localhost/a", "localhost:30155/a:1", "LOCALHOST/a", "a.localhost/a", "localhost.localdomain:80/a", "127.0.0.1/a", "127.1:30155/a", "2130706433:30155/a", "0x7f.0x1/a",
			"0:80/a", "[::1]:30155/a", "[::ffff:7f00:1]/a", "node-1:30155/a", "a.ns-0.svc/a", "a.ns-0.svc.cluster.local:80/a", "registry.example./a", "http://registry.example/a",
		} {
			for _, level := range []string{"", "baseline", "restricted"} { // it is no part of Pod Security
				require.Equal(t, []string{"Pod ns-1/a: spec." + field + ": found " + image + end}, warnings(t, of(image), level, "ns-1"))
			}
		}
		for _, image := range []string{
			"", "a", "a:1", "a/b", "a/b/c:1", "localhost:1", "node-1/a", "127/a", "registry.example/a", "registry.example:5000/a@sha256:0", "Registry.example/a", "registry.local/a", "svc.example/a",
		} {
			require.Empty(t, warnings(t, of(image), "", "ns-1"), image)
		}
	}
}

func TestSaysWhichPodsKeepOthersFromNodes(t *testing.T) {
	const required, preferred = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
	const end = ": selects Pods of other namespaces, and keeps them from nodes, or shows where they run, so that its Pods are refused when they start; " +
		"write namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: sales}}, or nothing, or set "
	for affinity, want := range map[string]string{
		"podAntiAffinity: {" + required + ": [{namespaceSelector: {}}]}":                                             "podAntiAffinity." + required + "[0].namespaceSelector",
		"podAntiAffinity: {" + required + ": [{namespaceSelector: {matchLabels: {a: b}}}]}":                          "podAntiAffinity." + required + "[0].namespaceSelector",
		"podAffinity: {" + required + ": [{}, {namespaces: [ns-1, ns-0]}]}":                                          "podAffinity." + required + "[1].namespaces",
		"podAntiAffinity: {" + preferred + ": [{weight: 1, podAffinityTerm: {namespaces: [ns-0]}}]}":                 "podAntiAffinity." + preferred + "[0].podAffinityTerm.namespaces",
		"podAntiAffinity: {" + required + ": [{namespaces: [ns-1]}]}":                                                "",
		"podAntiAffinity: {" + required + ": [{topologyKey: a}]}":                                                    "",
		"podAntiAffinity: {" + preferred + ": [{weight: 1}]}":                                                        "",
		"podAffinity: {" + required + ": [{namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: sales}}}]}":   "",
		"podAffinity: {" + required + ": [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-1}}}]}": "",
	} {
		got := warnings(t, pod("affinity: {"+affinity+"},", ""), "", "ns-1")
		if want == "" {
			require.Empty(t, got, affinity)
			continue
		}
		require.Len(t, got, 1, affinity)
		require.Contains(t, got[0], "Pod ns-1/a: spec.affinity."+want+end)
	}
}

// TestTheBuildWarnsOfWhatThePolicyRefuses holds the lists of this package against
// those of the policy.
func TestTheBuildWarnsOfWhatThePolicyRefuses(t *testing.T) {
	images, err := os.ReadFile("../../../../bases/tenancy/images.yaml")
	require.NoError(t, err)
	own, err := os.ReadFile("images.go")
	require.NoError(t, err)
	policy := regexp.MustCompile(`r\.matches\('(\S*)'\)`).FindAllStringSubmatch(string(images), -1)
	require.Len(t, policy, 3) // the first tells what is a registry
	for i, quoted := range regexp.MustCompile("MustCompile\\(`(.*)`\\)").FindAllStringSubmatch(string(own), -1) {
		require.Equal(t, policy[i+1][1], quoted[1])
	}
	text, err := os.ReadFile("../../../../bases/tenancy/pods.yaml")
	require.NoError(t, err)
	lists := map[string][]string{}
	for _, variable := range regexp.MustCompile(`- name: (\w+)\n    expression: >-\n((?:      .*\n)+)`).FindAllStringSubmatch(string(text), -1) {
		for _, quoted := range regexp.MustCompile(`'[^']+'`).FindAllString(variable[2], -1) {
			lists[variable[1]] = append(lists[variable[1]], strings.Trim(quoted, "'"))
		}
	}
	require.Len(t, lists["volumes"], 9)
	fields := openapi.Schema().Definitions["io.k8s.api.core.v1.Volume"].Properties
	require.Greater(t, len(fields), 25)
	for field := range fields {
		got := warnings(t, pod(fmt.Sprintf("volumes: [{name: a, %s: {a: b}}],", field), ""), "", "ns-1")
		require.Equal(t, field == "name" || slices.Contains(lists["volumes"], field), len(got) == 0, field)
	}
	require.Len(t, lists["capabilities"], 15)
	for _, capability := range lists["capabilities"] {
		require.Empty(t, warnings(t, pod("", ", securityContext: {capabilities: {add: ["+capability+"]}}"), "", "ns-1"))
	}
	require.Len(t, lists["sysctls"], 12)
	for _, sysctl := range lists["sysctls"] {
		require.Empty(t, warnings(t, pod("securityContext: {sysctls: [{name: "+sysctl+"}]},", ""), "", "ns-1"))
	}
}

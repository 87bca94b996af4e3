package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// An administrator may create Pods in the own application namespace. One that
// reaches its node would reach the tokens of every tenant's Pods there.
func TestAPodOfATenantDoesNotReachItsNode(t *testing.T) {
	c := claims(t, "A Pod that a tenant administrator creates cannot reach its node")
	w := theWorld(t)
	sales := w.tenants["sales"]
	client := w.cluster.As(sales.admin)
	pods := "/api/v1/namespaces/" + sales.applications[0] + "/pods"
	pod := func(spec, container string) string {
		return object("v1", "Pod", "attack", `"spec":{`+spec+`"containers":[{"name":"x","image":"x"`+container+`}]}`)
	}
	uninjected := func(body string) string {
		return strings.Replace(body, `"name":"attack"`, `"name":"attack","labels":{"sidecar.istio.io/inject":"false"}`, 1)
	}
	for _, row := range []struct{ name, body string }{
		{"privileged", pod("", `,"securityContext":{"privileged":true}`)},
		{"privileged in an init container", pod(`"initContainers":[{"name":"i","image":"x","securityContext":{"privileged":true}}],`, "")},
		{"hostPath", pod(`"volumes":[{"name":"v","hostPath":{"path":"/"}}],`, "")},
		{"hostNetwork", pod(`"hostNetwork":true,`, "")},
		{"hostPID", pod(`"hostPID":true,`, "")},
		{"hostIPC", pod(`"hostIPC":true,`, "")},
		{"hostPort", pod("", `,"ports":[{"containerPort":80,"hostPort":80}]`)},
		{"SYS_ADMIN", pod("", `,"securityContext":{"capabilities":{"add":["SYS_ADMIN"]}}`)},
		{"all capabilities", pod("", `,"securityContext":{"capabilities":{"add":["ALL"]}}`)},
		{"no seccomp", pod(`"securityContext":{"seccompProfile":{"type":"Unconfined"}},`, "")},
		{"no AppArmor", pod("", `,"securityContext":{"appArmorProfile":{"type":"Unconfined"}}`)},
		{"an SELinux type of the node", pod("", `,"securityContext":{"seLinuxOptions":{"type":"spc_t"}}`)},
		{"an unmasked /proc", pod(`"hostUsers":false,`, `,"securityContext":{"procMount":"Unmasked"}`)},
		{"a sysctl of the node", pod(`"securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]},`, "")},
		{"a probe of another Pod by the node", pod("", `,"livenessProbe":{"tcpSocket":{"host":"10.97.0.2","port":15010}}`)},
		{"a lifecycle hook of the node's metadata", pod("", `,"lifecycle":{"postStart":{"httpGet":{"host":"169.254.169.254","port":80}}}`)},
		{"a class that displaces others", pod(`"priorityClassName":"system-node-critical",`, "")},
		{"another class that displaces others", pod(`"priorityClassName":"system-cluster-critical",`, "")},
		{"a node that no scheduler chose", pod(`"nodeName":"node-1",`, "")},
		{"a node of the cluster's own control plane", pod(`"tolerations":[{"key":"node-role.kubernetes.io/control-plane","operator":"Exists"}],`, "")},
		{"a node of etcd", pod(`"tolerations":[{"key":"node-role.kubernetes.io/etcd","operator":"Exists"}],`, "")},
		{"a node of the control plane, as RKE names it", pod(`"tolerations":[{"key":"node-role.kubernetes.io/controlplane","operator":"Exists"}],`, "")},
		{"a node of the control plane, as k3s taints it", pod(`"tolerations":[{"key":"CriticalAddonsOnly","operator":"Exists"}],`, "")},
		{"a node of it, by its older name", pod(`"tolerations":[{"key":"node-role.kubernetes.io/master","operator":"Exists","effect":"NoSchedule"}],`, "")},
		{"nodes that others' Pods are kept from", pod(keepAway(`"namespaceSelector":{}`)+",", "")},
		{"nodes that one tenant's Pods are kept from", pod(keepAway(`"namespaces":["ns-1","ns-0"]`)+",", "")},
		{"nodes that the Pods of a label of Namespaces are kept from", pod(keepAway(`"namespaceSelector":{"matchLabels":{"istio-tenancy.dev/tenant":"dev"}}`)+",", "")},
		{"nodes that others' Pods are kept from, by an expression", pod(keepAway(`"namespaceSelector":{"matchExpressions":[{"key":"istio-tenancy.dev/tenant","operator":"Exists"}]}`)+",", "")},
		{"nodes that others' Pods had better not be on", pod(`"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,`+
			`"podAffinityTerm":{"topologyKey":"kubernetes.io/hostname","namespaces":["ns-0"]}}]}},`, "")},
		{"the node of another's Pod", pod(`"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname",`+
			`"labelSelector":{},"namespaces":["istio-system"]}]}},`, "")},
		{"any node", pod(`"tolerations":[{"operator":"Exists"}],`, "")},
		{"no AppArmor, by the annotation of old", strings.Replace(pod("", ""), `"name":"attack"`,
			`"name":"attack","annotations":{"container.apparmor.security.beta.kubernetes.io/x":"unconfined"}`, 1)},
		{"a Windows host process", pod(`"os":{"name":"windows"},"hostNetwork":true,"securityContext":{"windowsOptions":{"hostProcess":true}},`, "")},
	} {
		c.check(row.name, func(t *testing.T) {
			answer, err := client.Do("POST", pods, uninjected(row.body))
			require.NoError(t, err)
			defer client.Do("DELETE", pods+"/attack?gracePeriodSeconds=0", "")
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-", "refused, but not by a policy")
		})
	}
	// A number without a class is refused by the API server before any policy is
	// asked, unless its admission plugin Priority is off.
	c.check("the priority of such a class", func(t *testing.T) {
		answer, err := client.Do("POST", pods, uninjected(pod(`"priority":2000000000,`, "")))
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
	})
	// A node that connects or mounts asks with its own address and rights, which
	// no NetworkPolicy of the tenant holds back.
	for _, volume := range []string{
		`"nfs":{"server":"10.97.0.2","path":"/"}`, `"iscsi":{"targetPortal":"10.97.0.2","iqn":"iqn.2001-04.com.example:x","lun":0}`,
		`"rbd":{"monitors":["10.97.0.2"],"image":"x"}`, `"cephfs":{"monitors":["10.97.0.2"]}`, `"glusterfs":{"endpoints":"x","path":"x"}`,
		`"flexVolume":{"driver":"example.com/x"}`, `"gitRepo":{"repository":"https://10.97.0.2/x"}`, `"fc":{"targetWWNs":["x"],"lun":0}`,
		`"azureFile":{"secretName":"x","shareName":"x"}`, `"azureDisk":{"diskName":"x","diskURI":"/subscriptions/x","kind":"Managed"}`,
		`"awsElasticBlockStore":{"volumeID":"x"}`, `"gcePersistentDisk":{"pdName":"x"}`, `"cinder":{"volumeID":"x"}`,
		`"vsphereVolume":{"volumePath":"x"}`, `"quobyte":{"registry":"10.97.0.2:80","volume":"x"}`, `"scaleIO":{"gateway":"x","system":"x","volumeName":"x","secretRef":{"name":"x"}}`,
		`"storageos":{"volumeName":"x"}`, `"portworxVolume":{"volumeID":"x"}`, `"photonPersistentDisk":{"pdID":"x"}`,
	} {
		kind, _, _ := strings.Cut(strings.TrimPrefix(volume, `"`), `"`)
		c.check("a node that mounts "+kind, func(t *testing.T) {
			answer, err := client.Do("POST", pods, uninjected(pod(`"volumes":[{"name":"v",`+volume+`}],`, "")))
			require.NoError(t, err)
			defer client.Do("DELETE", pods+"/attack?gracePeriodSeconds=0", "")
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-", "refused, but not by a policy")
		})
	}
	for _, registry := range []string{
		"localhost:30155", "localhost", "LOCALHOST", "Localhost:30155", "x.localhost:30155", "localhost.localdomain", "127.0.0.1:30155", "127.1.2.3", "127.1:30155",
		"2130706433:30155", "0x7f000001:30155", "0x7f.1", "0177.0.0.1:80", "0:30155", "0.0.0.0:30155", "10.97.0.2:7777", "169.254.169.254", "[::1]:30155", "[::ffff:127.0.0.1]",
		"[::ffff:7f00:1]:30155", "node-1:30155", "NODE-1", "prey.ns-0.svc:80", "prey.ns-0.svc.cluster.local:80", "prey.ns-0.SVC.Cluster.Local",
		"localhost.:30155", "registry.example.:80", "registry.example:", "http:",
	} {
		const image = "/any/path:tag"
		for where, body := range map[string]string{
			"a container":         strings.Replace(pod("", ""), `"image":"x"`, `"image":"`+registry+image+`"`, 1),
			"an init container":   pod(`"initContainers":[{"name":"i","image":"`+registry+image+`"}],`, ""),
			"a volume":            pod(`"volumes":[{"name":"v","image":{"reference":"`+registry+image+`"}}],`, ""),
			"the second of three": pod(`"initContainers":[{"name":"i","image":"registry.example/x"},{"name":"j","image":"`+registry+image+`@sha256:`+strings.Repeat("0", 64)+`"}],`, ""),
		} {
			c.check("the node asks "+registry+" for the image of "+where, func(t *testing.T) {
				answer, err := client.Do("POST", pods+"?dryRun=All", uninjected(body))
				require.NoError(t, err)
				require.Equal(t, 403, answer.Code, answer.Message())
				require.Contains(t, answer.Message(), "istio-tenancy-images", "refused, but by no policy")
			})
		}
	}
	for _, image := range []string{
		"nginx", "nginx:1.0", "istio/proxyv2", "istio/proxyv2:1.31.0", "a/b/c:tag", "nginx@sha256:" + strings.Repeat("0", 64), "docker.io/istio/pilot:1.31.0", "e2e.local/app:1",
		"registry.example:5000/x", "registry.example/x:1@sha256:" + strings.Repeat("0", 64), "xn--bcher-kva.example/x", "1.registry.example/x", "registry.internal/x", "svc.example/x",
		"Registry.Example/x", "localhost.example/x", "localhost:30155", "node-1/x", "127/x", "a_b/x",
	} {
		c.check("the image "+image+" is accepted", func(t *testing.T) {
			for _, body := range []string{
				strings.Replace(pod("", ""), `"image":"x"`, `"image":"`+image+`"`, 1), pod(`"volumes":[{"name":"v","image":{"reference":"`+image+`"}}],`, ""),
			} {
				answer, err := client.Do("POST", pods+"?dryRun=All", uninjected(body))
				require.NoError(t, err)
				require.NoError(t, answer.Error())
			}
		})
	}
	c.check("volumes of the Pod's own are accepted", func(t *testing.T) {
		answer, err := client.Do("POST", pods, uninjected(pod(`"volumes":[{"name":"a","emptyDir":{}},{"name":"b"},{"name":"c","configMap":{"name":"x"}},
			{"name":"d","secret":{"secretName":"x"}},{"name":"e","projected":{"sources":[{"downwardAPI":{"items":[{"path":"x","fieldRef":{"fieldPath":"metadata.name"}}]}}]}},
			{"name":"f","downwardAPI":{"items":[{"path":"x","fieldRef":{"fieldPath":"metadata.name"}}]}},{"name":"g","persistentVolumeClaim":{"claimName":"x"}},
			{"name":"h","ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}}},
			{"name":"i","csi":{"driver":"csi.spiffe.io"}},{"name":"j","image":{"reference":"registry.example/x"}}],`, "")))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer client.Do("DELETE", pods+"/attack?gracePeriodSeconds=0", "")
	})
	for name, namespaces := range map[string]string{
		"the own namespace": `"namespaces":["ns-1"]`, "the tenant's": `"namespaceSelector":{"matchLabels":{"istio-tenancy.dev/tenant":"sales"}}`,
		"its own without a word": `"matchLabelKeys":[]`,
	} {
		c.check("an affinity to Pods of "+name+" is accepted", func(t *testing.T) {
			answer, err := client.Do("POST", pods+"?dryRun=All", uninjected(pod(keepAway(namespaces)+",", "")))
			require.NoError(t, err)
			require.NoError(t, answer.Error())
		})
	}
	c.check("a Pod with Istio's own init container is accepted", func(t *testing.T) {
		answer, err := client.Do("POST", pods, pod("", ""))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer client.Do("DELETE", pods+"/attack", "")
		require.Contains(t, string(answer.Body), "NET_ADMIN", "it was not injected")
	})
	c.check("a node of the cluster's own control plane, once it is there", func(t *testing.T) {
		answer, err := client.Do("POST", pods, uninjected(pod("", "")))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer client.Do("DELETE", pods+"/attack?gracePeriodSeconds=0", "")
		answer, err = client.Do("PATCH", pods+"/attack?fieldManager=attack&force=true", object("v1", "Pod", "attack",
			`"spec":{"tolerations":[{"key":"node-role.kubernetes.io/control-plane","operator":"Exists"}]}`))
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), "istio-tenancy-scheduling")
	})
	// The API server asks for a label of the Namespace, which is the cluster
	// administrator's.
	c.check("devices that are in use by others", func(t *testing.T) {
		answer, err := client.Do("POST", "/apis/resource.k8s.io/v1/namespaces/"+sales.applications[0]+"/resourceclaims", object("resource.k8s.io/v1", "ResourceClaim",
			"attack", `"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"gpu","adminAccess":true}}]}}`))
		require.NoError(t, err)
		require.Equal(t, 422, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), "resource.kubernetes.io/admin-access")
	})
	c.check("another image, once it is there", func(t *testing.T) {
		answer, err := client.Do("POST", pods, uninjected(pod("", "")))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer client.Do("DELETE", pods+"/attack?gracePeriodSeconds=0", "")
		for image, code := range map[string]int{"localhost:30155/x": 403, "registry.example/x": 200} {
			answer, err = client.Do("PATCH", pods+"/attack?fieldManager=attack&force=true", object("v1", "Pod", "attack", `"spec":{"containers":[{"name":"x","image":"`+image+`"}]}`))
			require.NoError(t, err)
			require.Equal(t, code, answer.Code, answer.Message())
		}
		answer, err = w.cluster.Admin.Do("PATCH", pods+"/attack/ephemeralcontainers", `{"spec":{"ephemeralContainers":[{"name":"e","image":"localhost:30155/x"}]}}`)
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), "istio-tenancy-images")
	})
	// Which Kubernetes' role admin may not add; whoever may is held to the same.
	c.check("an ephemeral container", func(t *testing.T) {
		answer, err := client.Do("POST", pods, pod("", ""))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer client.Do("DELETE", pods+"/attack", "")
		answer, err = w.cluster.Admin.Do("PATCH", pods+"/attack/ephemeralcontainers",
			`{"spec":{"ephemeralContainers":[{"name":"e","image":"x","securityContext":{"privileged":true}}]}}`)
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), "istio-tenancy-pods")
	})
}

// kube-proxy sends what goes to a Service's externalIPs to its Pods, on every
// node and whoever else's the address is.
func TestAServiceOfATenantTakesNobodysAddress(t *testing.T) {
	c := claims(t, "A Service that a tenant administrator creates takes over nobody else's address")
	w := theWorld(t)
	sales, dev := w.tenants["sales"], w.tenants["dev"]
	client := w.cluster.As(sales.admin)
	services := "/api/v1/namespaces/" + sales.applications[0] + "/services"
	istiod, err := w.cluster.Admin.Get("/api/v1/namespaces/" + dev.controlPlane + "/services/" + dev.istiod.ServiceAccount)
	require.NoError(t, err)
	clusterIP, _, _ := unstructured.NestedString(istiod.Object, "spec", "clusterIP")
	require.NotEmpty(t, clusterIP)
	for name, ip := range map[string]string{"another istiod's": clusterIP, "a Pod's": "10.97.0.2", "a public one": "8.8.8.8"} {
		c.check(name, func(t *testing.T) {
			answer, err := client.Do("POST", services, object("v1", "Service", "attack", `"spec":{"ports":[{"port":53}],"externalIPs":["`+ip+`"]}`))
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-services")
		})
	}
	c.check("a Service without one is accepted", func(t *testing.T) {
		answer, err := client.Do("POST", services, object("v1", "Service", "attack", `"spec":{"ports":[{"port":53}]}`))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer client.Do("DELETE", services+"/attack", "")
		answer, err = client.Do("PATCH", services+"/attack", `{"spec":{"externalIPs":["8.8.8.8"]}}`)
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
	})
}

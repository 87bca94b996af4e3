package node_test

// with is a Pod whose container has these fields, and one whose spec has those before it.
func with(container, spec string) string {
	return "terminationGracePeriodSeconds: 0\n" + spec + "\ncontainers:\n- {name: a, image: " + attackerImage + container + "}\n"
}

// asks is a Pod whose image is at a registry.
func asks(registry string) string {
	return "terminationGracePeriodSeconds: 0\ncontainers: [{name: a, image: '" + registry + "/any/path:tag'}]\n"
}

func secured(fields string) string { return with(", securityContext: {"+fields+"}", "") }

var podAttacks = []attack{
	{name: "hostPath", pod: with(", volumeMounts: [{name: v, mountPath: /host}]", "volumes: [{name: v, hostPath: {path: /}}]"), by: "admission", refused: "A volume has a type that is not allowed"},
	{name: "nfs", pod: with("", "volumes: [{name: v, nfs: {server: 127.0.0.1, path: /}}]"), by: "admission", refused: "A volume has a type that is not allowed"},
	{name: "iscsi", pod: with("", "volumes: [{name: v, iscsi: {targetPortal: 127.0.0.1, iqn: 'iqn.2001-04.com.example:x', lun: 0}}]"), by: "admission", refused: "A volume has a type that is not allowed"},
	{name: "hostNetwork", pod: with("", "hostNetwork: true"), by: "admission", refused: "hostNetwork, hostPID and hostIPC"},
	{name: "hostPID", pod: with("", "hostPID: true"), by: "admission", refused: "hostNetwork, hostPID and hostIPC"},
	{name: "hostIPC", pod: with("", "hostIPC: true"), by: "admission", refused: "hostNetwork, hostPID and hostIPC"},
	{name: "hostPort", pod: with(", ports: [{containerPort: 80, hostPort: 10255}]", ""), by: "admission", refused: "hostPort takes a port"},
	{name: "privileged", pod: secured("privileged: true"), by: "admission", refused: "privileged, procMount"},
	{name: "procMount", pod: with(", securityContext: {procMount: Unmasked}", "hostUsers: false"), by: "admission", refused: "privileged, procMount"},
	{name: "SYS_ADMIN", pod: secured("capabilities: {add: [SYS_ADMIN]}"), by: "admission", refused: "capabilities.add: A capability is not allowed"},
	{name: "SYS_PTRACE", pod: secured("capabilities: {add: [SYS_PTRACE]}"), by: "admission", refused: "capabilities.add: A capability is not allowed"},
	{name: "SYS_MODULE", pod: secured("capabilities: {add: [SYS_MODULE]}"), by: "admission", refused: "capabilities.add: A capability is not allowed"},
	{name: "DAC_READ_SEARCH", pod: secured("capabilities: {add: [DAC_READ_SEARCH]}"), by: "admission", refused: "capabilities.add: A capability is not allowed"},
	{name: "all capabilities", pod: secured("capabilities: {add: [ALL]}"), by: "admission", refused: "capabilities.add: A capability is not allowed"},
	{name: "a capability under its whole name", pod: secured("capabilities: {add: [CAP_SYS_ADMIN]}"), by: "admission", refused: "capabilities.add: A capability is not allowed"},
	{name: "no seccomp", pod: secured("seccompProfile: {type: Unconfined}"), by: "admission", refused: "seccompProfile and appArmorProfile"},
	{name: "no AppArmor", pod: secured("appArmorProfile: {type: Unconfined}"), by: "admission", refused: "seccompProfile and appArmorProfile"},
	{name: "SELinux of the node", pod: secured("seLinuxOptions: {type: spc_t}"), by: "admission", refused: "seLinuxOptions"},
	{name: "a sysctl of the node", pod: with("", "securityContext: {sysctls: [{name: kernel.msgmax, value: '65536'}]}"), by: "admission", refused: "sysctls: A sysctl is not allowed"},
	{name: "a sysctl that routes the loopback address", pod: with("", "securityContext: {sysctls: [{name: net.ipv4.conf.all.route_localnet, value: '1'}]}"), by: "admission", refused: "sysctls: A sysctl is not allowed"},
	{name: "a probe of the node's own address", pod: with(", readinessProbe: {httpGet: {host: 127.0.0.1, port: 10249}}", ""), by: "admission", refused: "NetworkPolicies do not apply to the node"},
	{name: "a probe of another tenant's Pod", pod: with(", livenessProbe: {tcpSocket: {host: '{prey}', port: 8080}}", ""), by: "admission", refused: "NetworkPolicies do not apply to the node"},
	{name: "a hook that asks another tenant's Pod", pod: with(", lifecycle: {postStart: {httpGet: {host: '{prey}', port: 8080}}}", ""), by: "admission", refused: "NetworkPolicies do not apply to the node"},
	{name: "an image by the node's port of another tenant's Pod", pod: asks("localhost:{preyNodePort}"), by: "admission", refused: "may be the node itself"},
	{name: "an image by it, at another loopback address", pod: asks("127.1.2.3:{preyNodePort}"), by: "admission", refused: "may be the node itself"},
	{name: "an image of what the node serves itself alone", pod: asks("localhost:10249"), by: "admission", refused: "may be the node itself"},
	{name: "an image at another tenant's Pod", pod: asks("{prey}:8080"), by: "admission", refused: "may be the node itself"},
	{name: "an image at another tenant's Service", pod: asks("prey.ns-0.svc.cluster.local:80"), by: "admission", refused: "may be the node itself"},
	{name: "an image at the node's name", pod: asks("node-1:{preyNodePort}"), by: "admission", refused: "may be the node itself"},
	{name: "an image volume of another tenant's Pod", pod: with(", volumeMounts: [{name: v, mountPath: /v}]", "volumes: [{name: v, image: {reference: 'localhost:{preyNodePort}/any/path:tag'}}]"), by: "admission", refused: "may be the node itself"},
	{name: "an image of an ephemeral container by another tenant's Pod", other: `PATCH /api/v1/namespaces/ns-1/pods/app/ephemeralcontainers {"spec":{"ephemeralContainers":[{"name":"x","image":"localhost:{preyNodePort}/any/path:tag"}]}}`, by: "admission", refused: "may be the node itself"},
	{name: "a node by its name", pod: with("", "nodeName: node-1"), by: "admission", refused: "bypasses the scheduler"},
	{name: "system-node-critical", pod: with("", "priorityClassName: system-node-critical"), by: "admission", refused: "displace other tenants' Pods"},
	{name: "system-cluster-critical", pod: with("", "priorityClassName: system-cluster-critical"), by: "admission", refused: "displace other tenants' Pods"},
	{name: "every taint", pod: with("", "tolerations: [{operator: Exists}]"), by: "admission", refused: "spec.tolerations"},
	{name: "an anti-affinity to everybody's Pods", pod: with("", "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, namespaceSelector: {}, labelSelector: {}}]}}"), by: "admission", refused: "spec.affinity"},
	{name: "an affinity to another tenant's Pods", pod: with("", "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, namespaces: [ns-0], labelSelector: {}}]}}"), by: "admission", refused: "spec.affinity"},
	{name: "a token of another mesh", pod: with("", "volumes: [{name: v, projected: {sources: [{serviceAccountToken: {audience: dev.istio-tenancy.dev, path: t}}]}}]"), by: "admission", refused: "is the audience of a mesh"},
	{name: "another tenant's ServiceAccount", pod: with("", "serviceAccountName: rich"), by: "API server", refused: "serviceaccount .*not found|not found"},
	{name: "another tenant's ServiceAccount, by namespace and name", pod: with("", "serviceAccountName: ns-0/rich"), by: "API server", refused: "may not contain"},
	{name: "a RuntimeClass that nobody made", pod: with("", "runtimeClassName: host"), by: "API server", refused: "not found"},
	{name: "a priority by its number", pod: with("", "priority: 2000001000"), by: "API server", refused: "priority"},
	{name: "a path out of a volume", pod: with(", volumeMounts: [{name: v, mountPath: /v, subPath: ../../..}]", "volumes: [{name: v, emptyDir: {}}]"), by: "API server", refused: "must not contain '..'"},
	{name: "a path out of a volume, by a variable", pod: with(", env: [{name: A, value: ..}], volumeMounts: [{name: v, mountPath: /v, subPathExpr: ../$(A)}]", "volumes: [{name: v, emptyDir: {}}]"), by: "API server", refused: "must not contain '..'"},

	// What makes Pods, or gives them a node, beside a Pod itself.
	{name: "a binding of a Pod to a node", admin: `POST /api/v1/namespaces/ns-1/pods/app/binding {"metadata":{"name":"app"},"target":{"kind":"Node","name":"node-1"}}`, by: "RBAC", refused: forbidden},
	{name: "a Binding", admin: `POST /api/v1/namespaces/ns-1/bindings {"metadata":{"name":"app"},"target":{"kind":"Node","name":"node-1"}}`, by: "RBAC", refused: forbidden},
	{name: "an ephemeral container, by the administrator", admin: `PATCH /api/v1/namespaces/ns-1/pods/app/ephemeralcontainers {"spec":{"ephemeralContainers":[{"name":"x","image":"e2e.local/attacker:1","securityContext":{"privileged":true}}]}}`, by: "RBAC", refused: forbidden},
	{name: "an ephemeral container that is privileged", other: `PATCH /api/v1/namespaces/ns-1/pods/app/ephemeralcontainers {"spec":{"ephemeralContainers":[{"name":"x","image":"e2e.local/attacker:1","securityContext":{"privileged":true}}]}}`, by: "admission", refused: "privileged, procMount"},
	{name: "an ephemeral container with SYS_PTRACE", other: `PATCH /api/v1/namespaces/ns-1/pods/app/ephemeralcontainers {"spec":{"ephemeralContainers":[{"name":"x","image":"e2e.local/attacker:1","securityContext":{"capabilities":{"add":["SYS_PTRACE"]}}}]}}`, by: "admission", refused: "capabilities.add: A capability is not allowed"},
	{name: "a Pod beside the own istiod", admin: `POST /api/v1/namespaces/istio-system1/pods {"metadata":{"name":"x"},"spec":{"containers":[{"name":"x","image":"e2e.local/attacker:1"}]}}`, by: "RBAC", refused: forbidden},
	{name: "a Pod of another tenant", admin: `POST /api/v1/namespaces/ns-0/pods {"metadata":{"name":"x"},"spec":{"containers":[{"name":"x","image":"e2e.local/attacker:1"}]}}`, by: "RBAC", refused: forbidden},
	{name: "a Pod, by the Pod's token", token: `POST /api/v1/namespaces/ns-1/pods {"metadata":{"name":"x"},"spec":{"containers":[{"name":"x","image":"e2e.local/attacker:1"}]}}`, by: "RBAC", refused: forbidden},
	{name: "a PersistentVolume of the node's folder", admin: `POST /api/v1/persistentvolumes {"metadata":{"name":"x"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/"}}}`, by: "RBAC", refused: forbidden},
	{name: "a RuntimeClass", admin: `POST /apis/node.k8s.io/v1/runtimeclasses {"metadata":{"name":"x"},"handler":"runc"}`, by: "RBAC", refused: forbidden},
	{name: "a PriorityClass", admin: `POST /apis/scheduling.k8s.io/v1/priorityclasses {"metadata":{"name":"x"},"value":1000}`, by: "RBAC", refused: forbidden},

	// What the kubelet is asked for.
	{name: "another tenant's Secret as a volume", runs: with(", volumeMounts: [{name: v, mountPath: /v}]", "volumes: [{name: v, secret: {secretName: prize}}]"), by: "kubelet", refused: `secret "prize" not found`},
	{name: "another tenant's ConfigMap as a volume", runs: with(", volumeMounts: [{name: v, mountPath: /v}]", "volumes: [{name: v, configMap: {name: prize}}]"), by: "kubelet", refused: `configmap "prize" not found`},
	{name: "another tenant's Secret as a variable", runs: with(", env: [{name: A, valueFrom: {secretKeyRef: {name: prize, key: key}}}]", ""), by: "kubelet", refused: `secret "prize" not found`},
	{name: "another tenant's ConfigMap as variables", runs: with(", envFrom: [{configMapRef: {name: prize}}]", ""), by: "kubelet", refused: `configmap "prize" not found`},
	{name: "another tenant's Secret in a projected volume", runs: with(", volumeMounts: [{name: v, mountPath: /v}]", "volumes: [{name: v, projected: {sources: [{secret: {name: prize}}]}}]"), by: "kubelet", refused: `secret "prize" not found`},
	{name: "another tenant's pull Secret", runs: with(", imagePullPolicy: Always", "imagePullSecrets: [{name: prize}]"), by: "kubelet", refused: "Unable to retrieve some image pull secrets"},
	{name: "a link out of a volume", runs: `
terminationGracePeriodSeconds: 0
volumes: [{name: v, emptyDir: {}}]
initContainers:
- {name: link, image: ` + attackerImage + `, args: [link, /, /v/root], volumeMounts: [{name: v, mountPath: /v}]}
containers:
- {name: a, image: ` + attackerImage + `, volumeMounts: [{name: v, mountPath: /host, subPath: root}]}
`, by: "kubelet", refused: "failed to prepare subPath"},
	{name: "a volume of a driver that is not there", runs: with(", volumeMounts: [{name: v, mountPath: /v}]", "volumes: [{name: v, csi: {driver: nfs.csi.k8s.io}}]"), by: "kubelet", refused: "not found in the list of registered CSI drivers"},
}

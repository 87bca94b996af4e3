package e2e

import "strings"

// standKinds are kinds of Flux and Argo CD that policies are about.
var standKinds = []string{"kustomizations.kustomize.toolkit.fluxcd.io", "applications.argoproj.io"}

// standYAML is where the writes below are tried: namespaces that have what each policy
// selects by, and users with every right there, but none in the whole cluster.
var standYAML = `
apiVersion: v1
kind: Namespace
metadata:
  name: stand
  labels: {istio-tenancy.dev/tenant: stand}
---
apiVersion: v1
kind: Namespace
metadata:
  name: stand-listed
  labels:
    istio-tenancy.dev/tenant: stand
    istio.io/rev: nobodys
    istio-tenancy.dev/allowed-storageclasses: ""
    istio-tenancy.dev/allowed-ingressclasses: ""
    istio-tenancy.dev/allowed-priorityclasses: ""
    istio-tenancy.dev/allowed-runtimeclasses: ""
    istio-tenancy.dev/allowed-registries: ""
    istio-tenancy.dev/node-selector: ""
  annotations:
    istio-tenancy.dev/allowed-storageclasses: fast,slow
    istio-tenancy.dev/allowed-ingressclasses: mine
    istio-tenancy.dev/allowed-runtimeclasses: mine
    istio-tenancy.dev/allowed-registries: registry.example/stand,docker.io/library
    istio-tenancy.dev/node-selector: pool=stand
---
apiVersion: v1
kind: Namespace
metadata:
  name: stand-suspended
  labels: {istio-tenancy.dev/tenant: stand, istio-tenancy.dev/suspended: "true"}
  annotations: {istio-tenancy.dev/control-plane: istio-system1}
---
apiVersion: v1
kind: Namespace
metadata:
  name: stand-meshed
  labels: {istio-tenancy.dev/tenant: guest, istio-tenancy.dev/mesh: stand}
  annotations: {istio-tenancy.dev/namespaces: stand-meshed, istio-tenancy.dev/allow-from: monitoring}
---
apiVersion: v1
kind: Namespace
metadata: {name: stand-nobodys}
---
apiVersion: v1
kind: Namespace
metadata: {name: stand-policies}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: mine}
value: 1000
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: mine}
handler: mine
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: other}
handler: other
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: stand-everything}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: stand-cluster}
rules:
- {apiGroups: [""], resources: [namespaces], verbs: ["*"]}
- {apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations, validatingwebhookconfigurations], verbs: [get, create, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: stand-cluster}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: stand-cluster}
subjects: [{kind: User, name: local, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: stand-administers}
rules:
- {apiGroups: [istio-tenancy.dev], resources: [istiotenants], verbs: [administer]}
- {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: stand-administers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: stand-administers}
subjects: [{kind: User, name: chief, apiGroup: rbac.authorization.k8s.io}]
` + standBindings("stand") + standBindings("stand-listed") + standBindings("stand-suspended") + standBindings("stand-meshed") + standBindings("stand-nobodys") + standBindings("stand-policies") + `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: limits, namespace: stand-policies}
data: {most: "1"}
---
apiVersion: v1
kind: Service
metadata: {name: stored, namespace: stand, labels: {istio-tenancy.dev/tenant: stand}}
spec: {selector: {app: a}, ports: [{port: 80}], externalIPs: [192.0.2.1]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: stored, namespace: stand, labels: {istio-tenancy.dev/tenant: stand}, annotations: {a: b}}
data: {a: b}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: stored, namespace: stand}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: User, name: somebody, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: stored, namespace: stand-suspended}
---
apiVersion: v1
kind: Pod
metadata: {name: stored, namespace: stand-nobodys}
spec: {containers: [{name: a, image: registry.example/stand/a}]}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: stored, namespace: stand-meshed}
spec: {egress: [{hosts: ["./*"]}]}
`

// standPolicies have what the shipped ones have not: parameters, an equivalent version,
// what is left out, by name, and failures that are ignored.
var standPolicies = standPolicy("equivalent", "Fail", `
    resourceRules: [{apiGroups: [networking.istio.io], apiVersions: [v1alpha3], operations: [CREATE], resources: [serviceentries]}]
`, "object.apiVersion == 'networking.istio.io/v1alpha3' && request.requestKind.version == 'v1beta1' && object.spec.hosts == ['a.example']") +
	standPolicy("exact", "Fail", `
    matchPolicy: Exact
    resourceRules: [{apiGroups: [networking.istio.io], apiVersions: [v1alpha3], operations: [CREATE], resources: [serviceentries]}]
`, "false") +
	standPolicy("leaves-out", "Fail", `
    resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"], scope: Namespaced}]
    excludeResourceRules: [{apiGroups: [""], apiVersions: ["*"], operations: ["*"], resources: [pods, configmaps]}]
`, "!has(object.metadata.labels)") +
	standPolicy("by-name", "Fail", `
    objectSelector: {matchExpressions: [{key: a, operator: Exists}]}
    resourceRules: [{apiGroups: [""], apiVersions: ["*"], operations: ["*"], resources: [configmaps], resourceNames: [a]}]
`, "false") +
	standPolicy("ignored", "Ignore", `
    resourceRules: [{apiGroups: [""], apiVersions: ["*"], operations: ["*"], resources: [pods]}]
`, "object.spec.nodeName != 'node-1'") +
	strings.Replace(standPolicy("limits", "Fail", `
    resourceRules: [{apiGroups: [""], apiVersions: ["*"], operations: ["*"], resources: [pods]}]
`, "object.spec.?volumes.orValue([]).filter(v, !has(v.projected)).size() <= int(params.data.most)"), "policyName: stand-limits",
		"policyName: stand-limits\n  paramRef: {name: limits, parameterNotFoundAction: Deny}", 1)

func standPolicy(name, failure, constraints, expression string) string {
	param := ""
	if strings.Contains(expression, "params.") {
		param = "paramKind: {apiVersion: v1, kind: ConfigMap}"
	}
	return `
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: stand-` + name + `}
spec:
  failurePolicy: ` + failure + `
  ` + param + `
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: stand-policies}}` + constraints + `
  validations: [{expression: "` + expression + `"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: stand-` + name + `}
spec:
  policyName: stand-` + name + `
  validationActions: [Deny]
`
}

// standBindings are a user's and an account's rights in a namespace.
func standBindings(namespace string) string {
	return `
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: stand-everything, namespace: ` + namespace + `}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: stand-everything}
subjects:
- {kind: User, name: local, apiGroup: rbac.authorization.k8s.io}
- {kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}
`
}

// writesYAML are what is tried.
const writesYAML = `
- base:
    apiVersion: v1
    kind: Pod
    metadata: {name: a, labels: {app: a, sidecar.istio.io/inject: "false"}}
    spec: {containers: [{name: a, image: registry.example/stand/a}], nodeSelector: {pool: stand}, runtimeClassName: mine}
  namespaces: [stand, stand-listed, stand-suspended, stand-meshed, stand-nobodys, stand-policies]
  users: [local, chief]
  changes:
    host network: {spec: {hostNetwork: true}}
    host process ids: {spec: {hostPID: true}}
    host path: {spec: {volumes: [{name: v, hostPath: {path: /}}]}}
    volumes of other sorts: {spec: {volumes: [{name: v, emptyDir: {}}, {name: w, secret: {secretName: a}}]}}
    host port: {spec: {containers: [{name: a, image: registry.example/stand/a, ports: [{containerPort: 80, hostPort: 80}]}]}}
    probe of another host: {spec: {containers: [{name: a, image: registry.example/stand/a, livenessProbe: {httpGet: {host: 10.0.0.1, port: 80}}}]}}
    privileged: {spec: {containers: [{name: a, image: registry.example/stand/a, securityContext: {privileged: true}}]}}
    not privileged: {spec: {containers: [{name: a, image: registry.example/stand/a, securityContext: {privileged: false, capabilities: {add: [NET_ADMIN], drop: [ALL]}}}]}}
    a capability: {spec: {containers: [{name: a, image: registry.example/stand/a, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]}}
    unconfined: {spec: {securityContext: {seccompProfile: {type: Unconfined}}}}
    confined: {spec: {securityContext: {seccompProfile: {type: RuntimeDefault}}}}
    selinux: {spec: {securityContext: {seLinuxOptions: {user: root}}}}
    a sysctl: {spec: {securityContext: {sysctls: [{name: kernel.msgmax, value: "1"}]}}}
    image of the node: {spec: {initContainers: [{name: i, image: localhost/x}]}}
    image of a service: {spec: {containers: [{name: a, image: registry.kube-system.svc/x}]}}
    image of another registry: {spec: {containers: [{name: a, image: ghcr.io/x/y}]}}
    image without a registry: {spec: {containers: [{name: a, image: nginx}]}}
    image with a digest: {spec: {containers: [{name: a, image: "docker.io/library/nginx:1@sha256:0000000000000000000000000000000000000000000000000000000000000000"}]}}
    image that is to be filled in: {spec: {containers: [{name: a, image: auto}]}}
    a proxy is wanted: {metadata: {labels: {sidecar.istio.io/inject: null}}}
    a proxy is there: {metadata: {labels: {sidecar.istio.io/inject: null}, annotations: {sidecar.istio.io/status: "{}"}}}
    a priority class: {spec: {priorityClassName: mine}}
    a class of the system: {spec: {priorityClassName: system-cluster-critical}}
    another runtime class: {spec: {runtimeClassName: other}}
    no runtime class: {spec: {runtimeClassName: null}}
    a node: {spec: {nodeName: node-1}}
    other nodes: {spec: {nodeSelector: {pool: other}}}
    no node selector: {spec: {nodeSelector: null}}
    the control plane's nodes: {spec: {tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]}}
    every node: {spec: {tolerations: [{operator: Exists}]}}
    a toleration: {spec: {tolerations: [{key: pool, value: stand}]}}
    away from others: {spec: {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, namespaces: [kube-system], labelSelector: {}}]}}}}
    away from its own: {spec: {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {}}]}}}}
    token of another mesh: {spec: {volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t, audience: dev.istio-tenancy.dev}}]}}]}}
    token of its mesh: {spec: {volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t, audience: stand.istio-tenancy.dev}}]}}]}}
    token in other letters: {spec: {volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t, audience: STAND.istio-tenancy.dev.}}]}}]}}
    the tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: stand}}}
    another tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: sales}}}
    tracked by Argo CD: {metadata: {annotations: {argocd.argoproj.io/tracking-id: "platform:/Pod:stand/a"}}}
    tracked by its own: {metadata: {annotations: {argocd.argoproj.io/tracking-id: "mine:/Pod:stand/a"}}}
- base: {apiVersion: v1, kind: Pod, metadata: {name: stored}}
  namespaces: [stand-nobodys]
  users: [local, chief]
  stored: true
  changes:
    a label: {metadata: {labels: {a: b}}}
    a tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: sales}}}
- base: {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}}
  namespaces: [stand, stand-listed, stand-suspended]
  users: [local, chief]
  changes:
    another class: {spec: {storageClassName: other}}
    no class: {spec: {storageClassName: null}}
    without any: {spec: {storageClassName: ""}}
    by the annotation: {spec: {storageClassName: null}, metadata: {annotations: {volume.beta.kubernetes.io/storage-class: other}}}
- base: {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {ingressClassName: mine, defaultBackend: {service: {name: a, port: {number: 80}}}}}
  namespaces: [stand, stand-listed]
  users: [local, chief]
  changes:
    another class: {spec: {ingressClassName: other}}
    no class: {spec: {ingressClassName: null}}
    by the annotation: {spec: {ingressClassName: null}, metadata: {annotations: {kubernetes.io/ingress.class: mine}}}
- base: {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 80}]}}
  namespaces: [stand, stand-suspended, stand-meshed, stand-nobodys, stand-policies]
  users: [local, chief, "system:serviceaccount:istio-system1:istiod-sales"]
  changes:
    external addresses: {spec: {externalIPs: [192.0.2.9]}}
    no external addresses: {spec: {externalIPs: []}}
    an external name: {spec: {type: ExternalName, externalName: a.kube-system.svc.cluster.local}}
    an external name outside: {spec: {type: ExternalName, externalName: example.com}}
    a load balancer: {spec: {type: LoadBalancer}}
    exported to all: {metadata: {annotations: {networking.istio.io/exportTo: "*"}}}
    exported to a guest: {metadata: {annotations: {networking.istio.io/exportTo: "., monitoring"}}}
    of a Gateway: {metadata: {ownerReferences: [{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, name: a, uid: "1"}]}}
    the tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: stand}}}
- base: {apiVersion: v1, kind: Service, metadata: {name: stored}}
  namespaces: [stand]
  users: [local, chief]
  stored: true
  changes:
    another selector: {spec: {selector: {app: b}}}
    no external addresses: {spec: {externalIPs: null}}
    other external addresses: {spec: {externalIPs: [192.0.2.2]}}
    without the label: {metadata: {labels: {istio-tenancy.dev/tenant: null}}}
    an annotation: {metadata: {annotations: {a: b}}}
    an annotation of a tool: {metadata: {annotations: {argocd.argoproj.io/sync-options: Prune=true}}}
    a finalizer: {metadata: {finalizers: [example.com/a]}}
    an owner: {metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a, uid: "1"}]}}
- base: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
  namespaces: [stand, stand-suspended, stand-meshed, stand-nobodys, stand-policies]
  users: [local, chief, "system:serviceaccount:istio-system1:istiod-sales"]
  changes:
    the tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: stand}}}
    the label and its part: {metadata: {labels: {istio-tenancy.dev/tenant: stand, istio-tenancy.dev/part: applications}}}
    another tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: sales}}}
    a label: {metadata: {labels: {a: b}}}
    tracked by Argo CD: {metadata: {annotations: {argocd.argoproj.io/tracking-id: "tenant-sales:/ConfigMap:stand/a"}}}
- base: {apiVersion: v1, kind: ConfigMap, metadata: {name: stored}}
  namespaces: [stand]
  users: [local, chief]
  stored: true
  changes:
    data: {data: {a: c}}
    without the label: {metadata: {labels: {istio-tenancy.dev/tenant: null}}}
    another tenant's: {metadata: {labels: {istio-tenancy.dev/tenant: sales}}}
    a guarded annotation: {metadata: {annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}}
    an annotation: {metadata: {annotations: {a: c}}}
    a finalizer: {metadata: {finalizers: [example.com/a]}}
- {base: {apiVersion: v1, kind: ConfigMap, metadata: {name: stored}}, namespaces: [stand, stand-suspended], users: [local, chief, "system:serviceaccount:istio-system1:istiod-sales"], delete: true}
- {base: {apiVersion: v1, kind: Service, metadata: {name: stored}}, namespaces: [stand], users: [local, chief], delete: true}
- {base: {apiVersion: v1, kind: Pod, metadata: {name: stored}}, namespaces: [stand-nobodys], users: [local, chief], delete: true}
- {base: {apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: stored}}, namespaces: [stand-meshed], users: [local, chief], delete: true}
- {base: {apiVersion: v1, kind: Namespace, metadata: {name: ns-1}}, namespaces: [""], users: [local, chief], delete: true}
- base: {apiVersion: v1, kind: Secret, metadata: {name: a}}
  namespaces: [stand, stand-suspended]
  users: [local, "system:serviceaccount:istio-system1:istiod-sales"]
  changes:
    a lasting token: {type: kubernetes.io/service-account-token, metadata: {annotations: {kubernetes.io/service-account.name: default}}}
    data: {stringData: {a: b}}
- base: {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}
  namespaces: [stand, stand-meshed, stand-nobodys, stand-policies]
  users: [local, chief]
  changes:
    the tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: stand}}}
    another tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: sales}}}
    a finalizer: {metadata: {finalizers: [example.com/a]}}
    subjects: {subjects: [{kind: User, name: a, apiGroup: rbac.authorization.k8s.io}]}
- base: {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: stored}}
  namespaces: [stand]
  users: [local, chief]
  stored: true
  changes:
    the tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: stand}}}
    a finalizer: {metadata: {finalizers: [example.com/a]}}
    subjects: {subjects: null}
- base: {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}
  namespaces: [stand, stand-suspended]
  users: [local, chief]
  changes:
    the tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: stand}}}
    a finalizer: {metadata: {finalizers: [example.com/a]}}
- base: {apiVersion: v1, kind: Namespace, metadata: {name: made}}
  namespaces: [""]
  users: [local, chief]
  changes:
    a tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: sales}}}
    a mesh's label: {metadata: {labels: {istio-tenancy.dev/mesh: sales}}}
    a revision: {metadata: {labels: {istio.io/rev: sales}}}
    to be adopted: {metadata: {annotations: {istio-tenancy.dev/adopt: sales}}}
    a label: {metadata: {labels: {a: b}}}
- base: {apiVersion: v1, kind: Namespace, metadata: {name: ns-1}}
  namespaces: [""]
  users: [local, chief]
  stored: true
  changes:
    another tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: dev}}}
    no tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: null}}}
    another revision: {metadata: {labels: {istio.io/rev: dev}}}
    weaker pods: {metadata: {labels: {pod-security.kubernetes.io/enforce: privileged}}}
    a label: {metadata: {labels: {a: b}}}
    an annotation: {metadata: {annotations: {a: b}}}
    to be adopted: {metadata: {annotations: {istio-tenancy.dev/adopt: dev}}}
- base: {apiVersion: v1, kind: Namespace, metadata: {name: stand-nobodys}}
  namespaces: [""]
  users: [local, chief]
  stored: true
  changes:
    a tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: dev}}}
    a tenant's label that adopts: {metadata: {labels: {istio-tenancy.dev/tenant: dev}, annotations: {istio-tenancy.dev/adopt: dev}}}
    a revision: {metadata: {labels: {istio.io/rev: dev}}}
    a label: {metadata: {labels: {a: b}}}
- base: {apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: a}, webhooks: []}
  namespaces: [""]
  users: [local, chief]
  changes:
    a tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: sales}}}
    a label: {metadata: {labels: {a: b}}}
- base: {apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: istio-sidecar-injector-sales-istio-system1}}
  namespaces: [""]
  users: [local, chief]
  stored: true
  changes:
    no webhooks: {webhooks: null}
    no label: {metadata: {labels: {istio-tenancy.dev/tenant: null}}}
    a label: {metadata: {labels: {a: b}}}
    a finalizer: {metadata: {finalizers: [example.com/a]}}
- base: {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a}, spec: {hosts: [a.example], http: [{route: [{destination: {host: a}}]}]}}
  namespaces: [stand, stand-meshed, stand-suspended]
  users: [local, chief]
  changes:
    exported to all: {spec: {exportTo: ["*"]}}
    exported to a guest: {spec: {exportTo: [monitoring]}}
    exported to its own: {spec: {exportTo: ["."]}}
    exported with a route abroad: {spec: {exportTo: [monitoring], http: [{route: [{destination: {host: a.kube-system.svc.cluster.local}}]}]}}
- base: {apiVersion: networking.istio.io/v1beta1, kind: ServiceEntry, metadata: {name: a}, spec: {hosts: [a.example], resolution: DNS, ports: [{name: a, number: 80, protocol: HTTP}]}}
  namespaces: [stand, stand-meshed, stand-policies]
  users: [local, chief]
  changes:
    hosts of others: {spec: {hosts: [a.ns-0.svc.cluster.local]}}
    every host: {spec: {hosts: ["*.local"]}}
    exported to all: {spec: {exportTo: ["*"]}}
    exported to its own: {spec: {exportTo: ["."]}}
- base: {apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a}, spec: {workloadSelector: {labels: {app: a}}, egress: [{hosts: ["./*"]}]}}
  namespaces: [stand, stand-meshed]
  users: [local, chief]
  changes:
    of the namespace: {spec: {workloadSelector: null}}
    all hosts: {spec: {egress: [{hosts: ["*/*"]}]}}
    no hosts: {spec: {egress: null}}
- base: {apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a}, spec: {mtls: {mode: STRICT}}}
  namespaces: [stand, stand-suspended]
  users: [local, chief]
  changes:
    the tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: stand}}}
    the label and its part: {metadata: {labels: {istio-tenancy.dev/tenant: stand, istio-tenancy.dev/part: applications}}}
- base: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {}}}
  namespaces: [stand, stand-nobodys]
  users: [local, chief]
  changes:
    the tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: stand}}}
    a label: {metadata: {labels: {a: b}}}
- base: {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: a}]}}}}
  namespaces: [stand, stand-suspended, stand-listed]
  users: [local, chief, "system:serviceaccount:istio-system1:istiod-sales"]
  changes:
    of a Gateway: {metadata: {ownerReferences: [{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, name: a, uid: "1"}]}}
    the tenant's label: {metadata: {labels: {istio-tenancy.dev/tenant: stand}}}
    tracked by Argo CD: {metadata: {annotations: {argocd.argoproj.io/tracking-id: "tenancy-common:/apps/Deployment:stand/a"}}}
- base: {apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: a}, spec: {interval: 1m, prune: true, serviceAccountName: a, sourceRef: {kind: GitRepository, name: a}}}
  namespaces: [stand, stand-meshed, stand-nobodys]
  users: [local, chief]
  changes:
    no account: {spec: {serviceAccountName: null}}
    an account that is a path: {spec: {serviceAccountName: "../flux-system:x"}}
    a kubeconfig: {spec: {kubeConfig: {secretRef: {name: a}}}}
    a source elsewhere: {spec: {sourceRef: {namespace: flux-system}}}
    components: {spec: {components: [a]}}
- base: {apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a}, spec: {project: tenant-stand, destination: {name: a}, source: {repoURL: "https://a.example"}}}
  namespaces: [stand, stand-nobodys]
  users: [local, chief]
  changes:
    another project: {spec: {project: default}}
    another tenant's project: {spec: {project: tenant-sales}}
    a hook's finalizer: {metadata: {finalizers: [pre-delete-finalizer.argocd.argoproj.io]}}
    an operation: {operation: {sync: {revision: a}}}
- base: {apiVersion: authentication.k8s.io/v1, kind: TokenRequest, metadata: {name: default}, spec: {audiences: [a]}}
  namespaces: [stand, stand-meshed, stand-suspended, stand-nobodys]
  users: [local, chief]
  subresource: serviceaccounts/default/token
  changes:
    of another mesh: {spec: {audiences: [sales.istio-tenancy.dev]}}
    of its mesh: {spec: {audiences: [stand.istio-tenancy.dev]}}
- base: {apiVersion: v1, kind: PodExecOptions, command: [sh], stdout: true}
  namespaces: [stand-suspended, stand-nobodys]
  users: [local, chief]
  subresource: pods/stored/exec
  connect: "?command=sh&stdout=true"
`

package e2e

import (
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// attack is one request that would let a tenant's administrator out of the
// tenant. Words in $CAPITALS are replaced by the target's names.
type attack struct {
	name         string
	method, path string
	body         string
	as           string // "USER" or "USER GROUP": impersonation
	// streams says that the answer is a connection to the pod, which only a
	// kubelet could make: that the API server tries to is the attack's success.
	streams bool
}

// target is whom an attack is tried by and on.
type target struct {
	tenant      string // and revision
	other       string // another tenant, and revision
	app         string // own application namespace
	plane       string // own control-plane namespace
	otherApp    string
	otherPlane  string
	istiod      string // Deployment, ServiceAccount and Role of the control plane
	otherIstiod string
	pod         string // of istiod
	mesh        string // ConfigMap
	injector    string // ConfigMap
	validator   string // ValidatingWebhookConfiguration
	otherHook   string // MutatingWebhookConfiguration of the other tenant
	clusterRole string // istiod's
	memberRole  string // istiod's Role in the application namespace
	adminRole   string // the administrator's own Role in the control-plane namespace
	policy      string // NetworkPolicy of the control-plane namespace
	otherAdmin  string
}

func (g target) fill(text string) string {
	return strings.NewReplacer(
		"$TENANT", g.tenant, "$OTHERTENANT", g.other, "$APP", g.app, "$PLANE", g.plane,
		"$OTHERAPP", g.otherApp, "$OTHERPLANE", g.otherPlane, "$ISTIOD", g.istiod, "$OTHERISTIOD", g.otherIstiod,
		"$POD", g.pod, "$MESH", g.mesh, "$INJECTOR", g.injector, "$VALIDATOR", g.validator, "$OTHERHOOK", g.otherHook,
		"$CLUSTERROLE", g.clusterRole, "$MEMBERROLE", g.memberRole, "$ADMINROLE", g.adminRole, "$POLICY", g.policy, "$OTHERADMIN", g.otherAdmin,
	).Replace(text)
}

// try sends the attack and says whether the API server refused it. Anything
// but 403 is no refusal: 404 or 422 would mean that a better request succeeds.
func (a attack) try(client *cluster.Client, g target) (refused bool, answer cluster.Answer, err error) {
	path, body := g.fill(a.path), g.fill(a.body)
	if a.as != "" {
		user, group, _ := strings.Cut(g.fill(a.as), " ")
		answer, err = client.Impersonate(user, group, a.method, path, body)
	} else {
		answer, err = client.Do(a.method, path, body)
	}
	return answer.Code == 403, answer, err
}

// succeeded says whether the attack had its effect.
func (a attack) succeeded(answer cluster.Answer) bool {
	return answer.Error() == nil || answer.Code < 300 || (a.streams && answer.Code != 403)
}

// Requests are short, so that the table below reads as a list.
const (
	core   = "/api/v1"
	inApp  = core + "/namespaces/$APP"
	inCP   = core + "/namespaces/$PLANE"
	apps   = "/apis/apps/v1/namespaces/$PLANE"
	batch  = "/apis/batch/v1/namespaces/$PLANE"
	hooks  = "/apis/admissionregistration.k8s.io/v1"
	rbac   = "/apis/rbac.authorization.k8s.io/v1"
	netpol = "/apis/networking.k8s.io/v1/namespaces/$PLANE/networkpolicies"
	token  = `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}`
	label  = `{"metadata":{"labels":{"attack":"yes"}}}`
	podRun = `"spec":{"serviceAccountName":"$ISTIOD","containers":[{"name":"x","image":"x"}]`
	podTpl = `"template":{"metadata":{"labels":{"attack":"yes"}},` + podRun + `}}`
	pick   = `"selector":{"matchLabels":{"attack":"yes"}},`
	me     = `"subjects":[{"kind":"User","name":"attacker","apiGroup":"rbac.authorization.k8s.io"}]`
)

func roleRef(kind, name string) string {
	return `"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"` + kind + `","name":"` + name + `"}`
}

func object(apiVersion, kind, name, rest string) string {
	text := `{"apiVersion":"` + apiVersion + `","kind":"` + kind + `","metadata":{"name":"` + name + `"}`
	if rest != "" {
		text += "," + rest
	}
	return text + "}"
}

// barePod is a Pod that nobody injects, with a field of its spec.
func barePod(field string) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"attack-","labels":{"sidecar.istio.io/inject":"false"}},` +
		`"spec":{` + field + `,"containers":[{"name":"x","image":"x"}]}}`
}

// keepAway is an affinity by which no Pod that a term selects gets to a node of
// the same operating system: schedulers ask the Pods that are there, too.
func keepAway(namespaces string) string {
	return `"affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/os","labelSelector":{},` + namespaces + `}]}}`
}

// attacks of an administrator with adminAccess: operate. Those that would take
// away what later ones need come last.
var attacks = []attack{
	// The Namespaces: their labels decide who injects, selects and validates.
	{name: "relabel the own application Namespace", method: "PATCH", path: inApp, body: label},
	{name: "relabel the own control-plane Namespace", method: "PATCH", path: inCP, body: label},
	{name: "annotate the own application Namespace", method: "PATCH", path: inApp, body: `{"metadata":{"annotations":{"attack":"yes"}}}`},
	{name: "annotate the own control-plane Namespace", method: "PATCH", path: inCP, body: `{"metadata":{"annotations":{"attack":"yes"}}}`},
	{name: "patch finalizers of the own application Namespace", method: "PATCH", path: inApp, body: `{"metadata":{"finalizers":["attack.example/x"]}}`},
	{name: "patch the own application Namespace's status", method: "PATCH", path: inApp + "/status", body: label},
	{name: "finalize the own control-plane Namespace", method: "PUT", path: inCP + "/finalize", body: object("v1", "Namespace", "$PLANE", `"spec":{"finalizers":["kubernetes","attack.example/x"]}`)},
	{name: "take the tenant label off the own Namespace", method: "PATCH", path: inApp, body: `{"metadata":{"labels":{"istio-tenancy.dev/tenant":null}}}`},
	{name: "give the own Namespace to the other tenant", method: "PATCH", path: inApp, body: `{"metadata":{"labels":{"istio-tenancy.dev/tenant":"$OTHERTENANT"}}}`},
	{name: "put the own Namespace under the other's revision", method: "PATCH", path: inApp, body: `{"metadata":{"labels":{"istio.io/rev":"$OTHERTENANT"}}}`},
	{name: "put the tenant label on a foreign Namespace", method: "PATCH", path: core + "/namespaces/default", body: `{"metadata":{"labels":{"istio-tenancy.dev/tenant":"$TENANT"}}}`},
	{name: "put the other's Namespace under the own revision", method: "PATCH", path: core + "/namespaces/$OTHERAPP", body: `{"metadata":{"labels":{"istio.io/rev":"$TENANT"}}}`},
	{name: "create a Namespace", method: "POST", path: core + "/namespaces", body: object("v1", "Namespace", "attack", "")},
	{name: "list Namespaces", method: "GET", path: core + "/namespaces"},

	// Secrets: the CA's key, and others' tokens.
	{name: "list Secrets in the control-plane namespace", method: "GET", path: inCP + "/secrets"},
	{name: "read the CA's key", method: "GET", path: inCP + "/secrets/istio-ca-secret"},
	{name: "replace the CA by the attacker's", method: "POST", path: inCP + "/secrets", body: object("v1", "Secret", "cacerts", `"data":{}`)},
	{name: "make a lasting token of istiod by a Secret", method: "POST", path: inCP + "/secrets", body: `{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"attack","annotations":{"kubernetes.io/service-account.name":"$ISTIOD"}}}`},
	{name: "list Secrets in the other's application namespace", method: "GET", path: core + "/namespaces/$OTHERAPP/secrets"},
	{name: "read the CA's key of the other", method: "GET", path: core + "/namespaces/$OTHERPLANE/secrets/istio-ca-secret"},
	{name: "list the cluster's Secrets", method: "GET", path: core + "/secrets"},

	{name: "have istiod use a pull Secret of its own for a WasmPlugin", method: "POST", path: "/apis/extensions.istio.io/v1alpha1/namespaces/$PLANE/wasmplugins", body: object("extensions.istio.io/v1alpha1", "WasmPlugin", "attack", `"spec":{"url":"oci://registry.example/x","imagePullSecret":"registry"}`)},

	// Tokens.
	{name: "create a token of istiod", method: "POST", path: inCP + "/serviceaccounts/$ISTIOD/token", body: token},
	{name: "create a token of the other's istiod", method: "POST", path: core + "/namespaces/$OTHERPLANE/serviceaccounts/$OTHERISTIOD/token", body: token},
	{name: "create a token of a cluster controller", method: "POST", path: core + "/namespaces/kube-system/serviceaccounts/clusterrole-aggregation-controller/token", body: token},

	// Workloads that run as istiod, or inside it.
	{name: "create a Pod that runs as istiod", method: "POST", path: inCP + "/pods", body: object("v1", "Pod", "attack", podRun+"}")},
	{name: "create a ReplicationController that runs as istiod", method: "POST", path: inCP + "/replicationcontrollers", body: object("v1", "ReplicationController", "attack", `"spec":{"selector":{"attack":"yes"},`+podTpl+"}")},
	{name: "create a Deployment that runs as istiod", method: "POST", path: apps + "/deployments", body: object("apps/v1", "Deployment", "attack", `"spec":{`+pick+podTpl+"}")},
	{name: "create a DaemonSet that runs as istiod", method: "POST", path: apps + "/daemonsets", body: object("apps/v1", "DaemonSet", "attack", `"spec":{`+pick+podTpl+"}")},
	{name: "create a StatefulSet that runs as istiod", method: "POST", path: apps + "/statefulsets", body: object("apps/v1", "StatefulSet", "attack", `"spec":{"serviceName":"x",`+pick+podTpl+"}")},
	{name: "create a Job that runs as istiod", method: "POST", path: batch + "/jobs", body: object("batch/v1", "Job", "attack", `"spec":{"template":{`+podRun+`,"restartPolicy":"Never"}}}`)},
	{name: "add an ephemeral container to istiod", method: "PATCH", path: inCP + "/pods/$POD/ephemeralcontainers", body: `{"spec":{"ephemeralContainers":[{"name":"attack","image":"x"}]}}`},
	{name: "exec into istiod", method: "POST", path: inCP + "/pods/$POD/exec?command=sh&stdout=true", streams: true},
	{name: "attach to istiod", method: "POST", path: inCP + "/pods/$POD/attach?stdout=true", streams: true},
	{name: "port-forward to istiod", method: "POST", path: inCP + "/pods/$POD/portforward?ports=15010", streams: true},
	{name: "proxy to istiod's pod", method: "GET", path: inCP + "/pods/$POD:8080/proxy/debug/configz", streams: true},
	{name: "proxy to istiod's Service", method: "GET", path: inCP + "/services/$ISTIOD:15014/proxy/debug/configz", streams: true},
	{name: "change the image of istiod's Pod", method: "PATCH", path: inCP + "/pods/$POD", body: `{"spec":{"containers":[{"name":"discovery","image":"attack"}]}}`},
	{name: "run a Pod of the application namespace as istiod", method: "POST", path: inApp + "/pods", body: object("v1", "Pod", "attack", podRun+"}")},

	// Pods that displace others', or have their node do what they may not.
	{name: "a Pod that displaces the whole cluster's", method: "POST", path: inApp + "/pods", body: barePod(`"priorityClassName":"system-node-critical"`)},
	{name: "a Pod that keeps everybody's Pods from every node", method: "POST", path: inApp + "/pods", body: barePod(keepAway(`"namespaceSelector":{}`))},
	{name: "a Pod whose node mounts what others serve", method: "POST", path: inApp + "/pods", body: barePod(`"volumes":[{"name":"v","nfs":{"server":"10.97.0.2","path":"/"}}]`)},

	// istiod's workload and configuration.
	{name: "change the image of istiod's Deployment", method: "PATCH", path: apps + "/deployments/$ISTIOD", body: `{"spec":{"template":{"metadata":{"annotations":{"attack":"yes"}}}}}`},
	{name: "widen the mesh's discoverySelectors", method: "PATCH", path: inCP + "/configmaps/$MESH", body: `{"data":{"mesh":"discoverySelectors: []"}}`},
	{name: "change what the injector injects", method: "PATCH", path: inCP + "/configmaps/$INJECTOR", body: `{"data":{"config":"{}"}}`},
	{name: "create a ConfigMap beside istiod", method: "POST", path: inCP + "/configmaps", body: object("v1", "ConfigMap", "attack", "")},
	{name: "lead the webhooks and xDS of istiod's Service elsewhere", method: "PATCH", path: inCP + "/services/$ISTIOD", body: `{"spec":{"selector":{"attack":"yes"}}}`},
	{name: "add an address to istiod's Service by Endpoints", method: "POST", path: inCP + "/endpoints", body: object("v1", "Endpoints", "attack", "")},
	{name: "change istiod's ServiceAccount", method: "PATCH", path: inCP + "/serviceaccounts/$ISTIOD", body: label},
	{name: "take istiod's leader lock", method: "POST", path: "/apis/coordination.k8s.io/v1/namespaces/$PLANE/leases", body: object("coordination.k8s.io/v1", "Lease", "attack", "")},

	// Cluster scope.
	{name: "create a MutatingWebhookConfiguration", method: "POST", path: hooks + "/mutatingwebhookconfigurations", body: object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "attack", "")},
	{name: "change the own validating webhook", method: "PATCH", path: hooks + "/validatingwebhookconfigurations/$VALIDATOR", body: label},
	{name: "change the other's injection webhook", method: "PATCH", path: hooks + "/mutatingwebhookconfigurations/$OTHERHOOK", body: label},
	{name: "create a CustomResourceDefinition", method: "POST", path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body: `{}`},
	{name: "delete Istio's CustomResourceDefinition", method: "DELETE", path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gateways.networking.istio.io"},
	{name: "create a ClusterRole", method: "POST", path: rbac + "/clusterroles", body: object("rbac.authorization.k8s.io/v1", "ClusterRole", "attack", "")},
	{name: "aggregate rights into the ClusterRole admin", method: "PATCH", path: rbac + "/clusterroles/admin", body: label},
	{name: "change istiod's ClusterRole", method: "PATCH", path: rbac + "/clusterroles/$CLUSTERROLE", body: `{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}`},
	{name: "create a ClusterRoleBinding", method: "POST", path: rbac + "/clusterrolebindings", body: object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "attack", me+","+roleRef("ClusterRole", "cluster-admin"))},
	{name: "change the admission policy", method: "PATCH", path: hooks + "/validatingadmissionpolicies/istio-tenancy-namespaces", body: label},
	{name: "delete the admission policy's binding", method: "DELETE", path: hooks + "/validatingadmissionpolicybindings/istio-tenancy-namespaces"},
	{name: "approve a CertificateSigningRequest", method: "PATCH", path: "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval", body: `{"status":{"conditions":[{"type":"Approved","status":"True","reason":"attack"}]}}`},
	{name: "change the own GatewayClass", method: "PATCH", path: "/apis/gateway.networking.k8s.io/v1/gatewayclasses/istio-$TENANT", body: `{"spec":{"description":"x"}}`},
	{name: "change a GatewayClass of all", method: "PATCH", path: "/apis/gateway.networking.k8s.io/v1/gatewayclasses/istio", body: `{"spec":{"description":"x"}}`},
	{name: "write the status of the own GatewayClass", method: "PATCH", path: "/apis/gateway.networking.k8s.io/v1/gatewayclasses/istio-$TENANT/status", body: `{"status":{}}`},
	{name: "delete a GatewayClass", method: "DELETE", path: "/apis/gateway.networking.k8s.io/v1/gatewayclasses/istio?dryRun=All"},
	{name: "create a GatewayClass", method: "POST", path: "/apis/gateway.networking.k8s.io/v1/gatewayclasses", body: `{}`},
	{name: "register an APIService", method: "POST", path: "/apis/apiregistration.k8s.io/v1/apiservices", body: `{}`},
	{name: "label a Node", method: "PATCH", path: core + "/nodes/node-1", body: label},
	{name: "create a PersistentVolume", method: "POST", path: core + "/persistentvolumes", body: `{}`},

	// RBAC.
	{name: "bind cluster-admin in the own application namespace", method: "POST", path: rbac + "/namespaces/$APP/rolebindings", body: object("rbac.authorization.k8s.io/v1", "RoleBinding", "attack-1", me+","+roleRef("ClusterRole", "cluster-admin"))},
	{name: "bind istiod's ClusterRole in the own application namespace", method: "POST", path: rbac + "/namespaces/$APP/rolebindings", body: object("rbac.authorization.k8s.io/v1", "RoleBinding", "attack-2", me+","+roleRef("ClusterRole", "$CLUSTERROLE"))},
	{name: "bind istiod's Role in the own application namespace", method: "POST", path: rbac + "/namespaces/$APP/rolebindings", body: object("rbac.authorization.k8s.io/v1", "RoleBinding", "attack-10", me+","+roleRef("Role", "$MEMBERROLE"))},
	{name: "bind istiod's Role in the control-plane namespace", method: "POST", path: rbac + "/namespaces/$PLANE/rolebindings", body: object("rbac.authorization.k8s.io/v1", "RoleBinding", "attack-3", me+","+roleRef("Role", "$ISTIOD"))},
	{name: "bind admin in the control-plane namespace", method: "POST", path: rbac + "/namespaces/$PLANE/rolebindings", body: object("rbac.authorization.k8s.io/v1", "RoleBinding", "attack-4", me+","+roleRef("ClusterRole", "admin"))},
	{name: "bind view in the other's application namespace", method: "POST", path: rbac + "/namespaces/$OTHERAPP/rolebindings", body: object("rbac.authorization.k8s.io/v1", "RoleBinding", "attack-5", me+","+roleRef("ClusterRole", "view"))},
	{name: "bind view in the other's control-plane namespace", method: "POST", path: rbac + "/namespaces/$OTHERPLANE/rolebindings", body: object("rbac.authorization.k8s.io/v1", "RoleBinding", "attack-6", me+","+roleRef("ClusterRole", "view"))},
	{name: "widen the own Role", method: "PATCH", path: rbac + "/namespaces/$PLANE/roles/$ADMINROLE", body: `{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}`},
	{name: "make a Role with every right in the own application namespace", method: "POST", path: rbac + "/namespaces/$APP/roles", body: object("rbac.authorization.k8s.io/v1", "Role", "attack-7", `"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]`)},
	{name: "make a Role that may escalate and bind", method: "POST", path: rbac + "/namespaces/$APP/roles", body: object("rbac.authorization.k8s.io/v1", "Role", "attack-8", `"rules":[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","clusterroles"],"verbs":["escalate","bind"]}]`)},
	{name: "make a Role that may write the Namespace", method: "POST", path: rbac + "/namespaces/$APP/roles", body: object("rbac.authorization.k8s.io/v1", "Role", "attack-9", `"rules":[{"apiGroups":[""],"resources":["namespaces"],"verbs":["patch"]}]`)},
	{name: "impersonate the cluster administrator", method: "GET", path: core + "/secrets", as: "cluster-admin"},
	{name: "impersonate system:masters", method: "GET", path: core + "/secrets", as: "attacker system:masters"},
	{name: "impersonate the other's administrator", method: "GET", path: core + "/namespaces/$OTHERAPP/pods", as: "$OTHERADMIN"},
	{name: "impersonate the own istiod", method: "GET", path: inCP + "/secrets", as: "system:serviceaccount:$PLANE:$ISTIOD"},

	// Walls.
	{name: "create a ResourceQuota", method: "POST", path: inApp + "/resourcequotas", body: object("v1", "ResourceQuota", "attack", "")},
	{name: "delete the ResourceQuotas", method: "DELETE", path: inApp + "/resourcequotas"},
	{name: "create a LimitRange", method: "POST", path: inApp + "/limitranges", body: object("v1", "LimitRange", "attack", `"spec":{"limits":[]}`)},
	{name: "open the control-plane namespace by a NetworkPolicy", method: "POST", path: netpol, body: object("networking.k8s.io/v1", "NetworkPolicy", "attack", `"spec":{"podSelector":{},"ingress":[{}]}`)},
	{name: "delete the control-plane namespace's NetworkPolicy", method: "DELETE", path: netpol + "/$POLICY"},

	// Istio's kinds, in namespaces that are not the tenant's.
	{name: "a VirtualService in the other's application namespace", method: "POST", path: "/apis/networking.istio.io/v1/namespaces/$OTHERAPP/virtualservices", body: `{}`},
	{name: "an EnvoyFilter in the other's control-plane namespace", method: "POST", path: "/apis/networking.istio.io/v1alpha3/namespaces/$OTHERPLANE/envoyfilters", body: `{}`},
	{name: "a PeerAuthentication in the other's control-plane namespace", method: "POST", path: "/apis/security.istio.io/v1/namespaces/$OTHERPLANE/peerauthentications", body: `{}`},
	{name: "delete the other's AuthorizationPolicies", method: "DELETE", path: "/apis/security.istio.io/v1/namespaces/$OTHERAPP/authorizationpolicies"},
	{name: "a DestinationRule in kube-system", method: "POST", path: "/apis/networking.istio.io/v1/namespaces/kube-system/destinationrules", body: `{}`},
	{name: "list the cluster's VirtualServices", method: "GET", path: "/apis/networking.istio.io/v1/virtualservices"},
	{name: "list Pods in the other's application namespace", method: "GET", path: core + "/namespaces/$OTHERAPP/pods"},
	{name: "list Pods in the other's control-plane namespace", method: "GET", path: core + "/namespaces/$OTHERPLANE/pods"},
	{name: "delete Pods in the other's application namespace", method: "DELETE", path: core + "/namespaces/$OTHERAPP/pods"},

	{name: "an EndpointSlice that leads to others' pods", method: "POST", path: "/apis/discovery.k8s.io/v1/namespaces/$APP/endpointslices", body: object("discovery.k8s.io/v1", "EndpointSlice", "attack", `"addressType":"IPv4","endpoints":[{"addresses":["10.97.0.2"]}]`)},

	// The end.
	{name: "delete the own validating webhook", method: "DELETE", path: hooks + "/validatingwebhookconfigurations/$VALIDATOR"},
	{name: "delete the mesh ConfigMap", method: "DELETE", path: inCP + "/configmaps/$MESH"},
	{name: "delete istiod's ServiceAccount", method: "DELETE", path: inCP + "/serviceaccounts/$ISTIOD"},
	{name: "delete istiod's Deployment", method: "DELETE", path: apps + "/deployments/$ISTIOD"},
	{name: "delete the own application Namespace", method: "DELETE", path: inApp},
	{name: "delete the own control-plane Namespace", method: "DELETE", path: inCP},
	{name: "delete the other's application Namespace", method: "DELETE", path: core + "/namespaces/$OTHERAPP"},
}

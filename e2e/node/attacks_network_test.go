package node_test

const (
	// closed is what the network says: the engine answers with a rejection, which is the
	// same as of a port on which nobody listens. So each row says who is let in there.
	closed = "connection refused|i/o timeout|no answer came back|deadline exceeded"

	egress      = "A tenant's workloads may connect anywhere that the other side accepts"
	webhookPort = "The port of istiod's webhooks is open to everybody"
	dnsTells    = "The cluster's DNS tells every Pod the names and addresses of all tenants' Services"
)

var networkAttacks = []attack{
	// The other tenant's Pods, by each way to name them.
	{name: "another tenant's Pod, by its address", verb: "connect tcp {prey}:8080", by: "network", refused: closed, open: "{prey}:8080"},
	{name: "another tenant's Pod, by its Service", verb: "connect tcp {preyService}:80", by: "network", refused: closed, open: "{preyService}:80"},
	{name: "another tenant's Pod, by its Service's name", verb: "connect tcp prey.ns-0.svc.cluster.local:80", by: "network", refused: closed, open: "{preyService}:80"},
	{name: "another tenant's Pod, by the node's port", verb: "connect tcp {node}:{preyNodePort}", by: "network", refused: closed, open: "{node}:{preyNodePort}"},
	{name: "another tenant's names, by DNS", verb: "lookup prey.ns-0.svc.cluster.local", named: dnsTells},
	{name: "another tenant's istiod's name, by DNS", verb: "lookup istiod-dev.istio-system.svc.cluster.local", named: dnsTells},
	{name: "another tenant's Pod, by a Service that leads there", verb: "connect tcp {forged}:80", by: "network", refused: closed, open: "{forged}:80"},
	{name: "another tenant's Pod, by the node's port of such a Service", verb: "connect tcp {node}:{forgedNodePort}", by: "network", refused: closed, open: "{node}:{forgedNodePort}"},
	{name: "another tenant's istiod, by a Service that leads there", verb: "connect tcp {forgedXDS}:15012", by: "network", refused: closed, open: "{forgedXDS}:15012"},
	{name: "such a Service, through the API server", admin: "GET /api/v1/namespaces/ns-1/services/forged:http/proxy/", by: "API server", refused: "no endpoints available"},

	// The other tenant's istiod.
	{name: "another tenant's istiod: xDS", verb: "connect tcp {devIstiod}:15012", by: "network", refused: closed, open: "{devIstiod}:15012"},
	{name: "another tenant's istiod: plaintext xDS", verb: "connect tcp {devIstiod}:15010", by: "network", refused: closed},
	{name: "another tenant's istiod: debug", verb: "connect tcp {devIstiod}:8080", by: "network", refused: closed, open: "{devIstiod}:8080"},
	{name: "another tenant's istiod: metrics", verb: "connect tcp {devIstiod}:15014", by: "network", refused: closed, open: "{devIstiod}:15014"},
	{name: "another tenant's istiod: its API proxy", verb: "connect tcp {finIstiod}:15094", by: "network", refused: closed},
	{name: "another tenant's istiod: webhooks", verb: "get https://{devIstiod}:15017/ready", named: webhookPort},
	{name: "another tenant's injection template", verb: `post https://{devIstiod}:15017/inject {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","namespace":"ns-0","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","namespace":"ns-0"},"spec":{"containers":[{"name":"a","image":"a"}]}}}}`, named: webhookPort},
	{name: "another tenant's istiod: debug on the port of webhooks", verb: "get https://{devIstiod}:15017/debug/registryz", by: "istiod", refused: "404"},
	{name: "another tenant's istiod: configuration on the port of webhooks", verb: "get https://{devIstiod}:15017/debug/configz", by: "istiod", refused: "404"},
	{name: "another tenant's istiod: metrics on the port of webhooks", verb: "get https://{devIstiod}:15017/metrics", by: "istiod", refused: "404"},

	// The node.
	{name: "the kubelet without a token", verb: "get https://{node}:10250/pods", by: "kubelet", refused: "401"},
	{name: "the kubelet with the Pod's token", verb: "get https://{node}:10250/pods {token}", by: "kubelet", refused: "403"},
	{name: "the kubelet's logs of another tenant", verb: "get https://{node}:10250/containerLogs/ns-0/prey/app {token}", by: "kubelet", refused: "403"},
	{name: "the kubelet's exec", verb: "get https://{node}:10250/exec/ns-0/prey/app?command=/usr/local/bin/app&output=1 {token}", by: "kubelet", refused: "403"},
	{name: "the kubelet's log files of the node", verb: "get https://{node}:10250/logs/ {token}", by: "kubelet", refused: "403"},
	{name: "the kubelet's metrics", verb: "get https://{node}:10250/metrics {token}", by: "kubelet", refused: "403"},
	{name: "the kubelet's configuration", verb: "get https://{node}:10250/configz {token}", by: "kubelet", refused: "403"},
	{name: "the kubelet's port without authentication", verb: "get http://{node}:10255/pods", by: "nobody listens", refused: closed},
	{name: "kube-proxy's health", verb: "get http://{node}:10256/healthz", named: egress},
	{name: "kube-proxy's metrics, which are the node's own", verb: "connect tcp {node}:10249", by: "nobody listens", refused: closed},
	{name: "the cloud's metadata service", verb: "get http://169.254.169.254/latest/meta-data/", named: "block the cloud's metadata service"},

	// The API server.
	{name: "the node's Pods through the API server, by the Pod's token", token: "GET /api/v1/nodes/node-1/proxy/pods", by: "RBAC", refused: forbidden},
	{name: "the node's Pods through the API server, by the administrator", admin: "GET /api/v1/nodes/node-1/proxy/pods", by: "RBAC", refused: forbidden},
	{name: "exec through the API server's way to the node", admin: "POST /api/v1/nodes/node-1/proxy/run/ns-0/prey/app?cmd=id", by: "RBAC", refused: forbidden},
	{name: "the node's logs through the API server", admin: "GET /api/v1/nodes/node-1/proxy/logs/", by: "RBAC", refused: forbidden},
	{name: "the node", token: "GET /api/v1/nodes/node-1", by: "RBAC", refused: forbidden},
	{name: "another tenant's Secret, by the Pod's token", token: "GET /api/v1/namespaces/ns-0/secrets/prize", by: "RBAC", refused: forbidden},
	{name: "another tenant's Pods, by the Pod's token", token: "GET /api/v1/namespaces/ns-0/pods", by: "RBAC", refused: forbidden},
	{name: "another tenant's Secret, from within the Pod", verb: "get https://kubernetes.default.svc.cluster.local/api/v1/namespaces/ns-0/secrets/prize {token}", by: "RBAC", refused: "403"},
	{name: "the API server without a token", verb: "get https://{api}/api/v1/namespaces", by: "RBAC", refused: "401|403"},
	{name: "a token of another tenant's ServiceAccount, by the Pod's token", token: `POST /api/v1/namespaces/ns-0/serviceaccounts/rich/token {"spec":{}}`, by: "RBAC", refused: forbidden},
	{name: "a token of the own istiod, by the administrator", admin: `POST /api/v1/namespaces/istio-system1/serviceaccounts/istiod-sales/token {"spec":{}}`, by: "RBAC", refused: forbidden},
	{name: "a token for another mesh", admin: `POST /api/v1/namespaces/ns-1/serviceaccounts/default/token {"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":["dev.istio-tenancy.dev"]}}`, by: "admission", refused: "is the audience of a mesh"},
	{name: "another tenant's Pod through the API server", admin: "GET /api/v1/namespaces/ns-0/pods/prey:8080/proxy/", by: "RBAC", refused: forbidden},
	{name: "another tenant's Service through the API server", admin: "GET /api/v1/namespaces/ns-0/services/prey:http/proxy/", by: "RBAC", refused: forbidden},
	{name: "the own istiod through the API server", admin: "GET /api/v1/namespaces/istio-system1/services/istiod-sales:15014/proxy/metrics", by: "RBAC", refused: forbidden},

	// Objects that lead elsewhere.
	{name: "an EndpointSlice", admin: `POST /apis/discovery.k8s.io/v1/namespaces/ns-1/endpointslices {"metadata":{"name":"x"},"addressType":"IPv4","endpoints":[{"addresses":["{prey}"]}]}`, by: "RBAC", refused: forbidden},
	{name: "Endpoints", admin: `POST /api/v1/namespaces/ns-1/endpoints {"metadata":{"name":"x"},"subsets":[{"addresses":[{"ip":"{prey}"}]}]}`, by: "RBAC", refused: forbidden},
	{name: "an EndpointSlice, by the Pod's token", token: `POST /apis/discovery.k8s.io/v1/namespaces/ns-1/endpointslices {"metadata":{"name":"x"},"addressType":"IPv4","endpoints":[{"addresses":["{node}"]}]}`, by: "RBAC", refused: forbidden},
	{name: "another address of the own Pod", admin: `PATCH /api/v1/namespaces/ns-1/pods/app/status {"status":{"podIP":"{prey}","podIPs":[{"ip":"{prey}"}]}}`, by: "RBAC", refused: forbidden},
	{name: "a Service with externalIPs", admin: `POST /api/v1/namespaces/ns-1/services {"metadata":{"name":"x"},"spec":{"externalIPs":["{prey}"],"ports":[{"port":80}]}}`, by: "admission", refused: "would take the traffic that others send to"},
	{name: "a load balancer's address", admin: `PATCH /api/v1/namespaces/ns-1/services/forged/status {"status":{"loadBalancer":{"ingress":[{"ip":"{prey}"}]}}}`, by: "RBAC", refused: forbidden},
	{name: "another tenant's port of the nodes", admin: `POST /api/v1/namespaces/ns-1/services {"metadata":{"name":"x"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":{preyNodePort}}]}}`, by: "API server", refused: "already allocated"},
	{name: "another tenant's ClusterIP", admin: `POST /api/v1/namespaces/ns-1/services {"metadata":{"name":"x"},"spec":{"clusterIP":"{preyService}","ports":[{"port":80}]}}`, by: "API server", refused: "already allocated"},
	{name: "the ClusterIP of DNS", admin: `POST /api/v1/namespaces/ns-1/services {"metadata":{"name":"x"},"spec":{"clusterIP":"10.96.0.10","ports":[{"port":53}]}}`, by: "API server", refused: "already allocated"},
	{name: "a NetworkPolicy of another tenant", admin: `POST /apis/networking.k8s.io/v1/namespaces/ns-0/networkpolicies {"metadata":{"name":"x"},"spec":{"podSelector":{},"ingress":[{}]}}`, by: "RBAC", refused: forbidden},
	{name: "a NetworkPolicy of the own control plane", admin: `POST /apis/networking.k8s.io/v1/namespaces/istio-system1/networkpolicies {"metadata":{"name":"x"},"spec":{"podSelector":{},"ingress":[{}]}}`, by: "RBAC", refused: forbidden},
	{name: "another label of the Namespace, which others let in", admin: `PATCH /api/v1/namespaces/ns-1 {"metadata":{"labels":{"kubernetes.io/metadata.name":"ns-0"}}}`, by: "RBAC", refused: forbidden},
}

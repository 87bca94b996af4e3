package istio

// ProxyContainer is the container of the proxy.
const ProxyContainer = "istio-proxy"

// proxy is Envoy with its agent, in gateways, in the programs of a control
// plane, and in applications that are injected.
var proxy = Component{
	Name:       "the proxy",
	Images:     []string{"proxyv2", "proxy", "proxy_debug", "auto"},
	Containers: []string{ProxyContainer},
	Proxy:      true,
	Variables: []Variable{
		{Name: "TRUST_DOMAIN", Value: "{trustDomain}", OnlyIfSet: true, Why: "the identities of the mesh"},
		{Name: "ISTIO_META_MESH_ID", Value: "{trustDomain}", OnlyIfSet: true, Why: "which mesh its telemetry is of"},
	},
}

// ingress is the proxy that serves Ingresses in 0.x.
var ingress = Component{
	Name:      "the ingress",
	Range:     Range{Before: RevisionsSince},
	Accounts:  []string{"istio-ingress-service-account"},
	Workloads: []string{"istio-ingress"},
	Idle:      "the ingress is a proxy, which asks Pilot and not the API server; 1.1 and later give it nothing",
}

// egress are the proxies of 0.x that run as the namespace's own account.
var egress = Component{
	Name:     "a proxy of 0.x",
	Range:    Range{Before: RevisionsSince},
	Accounts: []string{"default"},
	Idle:     "a leftover of Istio 0.x, for proxies that asked the API server",
}

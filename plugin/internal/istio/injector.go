package istio

// Names of the injector of the time before istiod.
const (
	// InjectorDeployment is what it is called, and what its webhook is.
	InjectorDeployment = "istio-sidecar-injector"
	// InjectorPatches begins an argument of those injectors, 0.8 to 1.4, that
	// write their CA into the webhook. InjectorWebhook begins the one that names
	// it; its default is InjectorDeployment. Source: pilot/cmd/sidecar-injector/main.go.
	InjectorPatches = "--caCertFile="
	InjectorWebhook = "--webhookConfigName="
)

// What the configuration of istiod's injector is called: the key of its ConfigMap,
// and the fields that say which Pods it injects. Any other policy is injection on
// request. Source: pkg/kube/inject/inject.go, 1.6 to 1.31.
const (
	InjectorConfig        = "config"
	InjectorPolicy        = "policy"
	InjectorPolicyEnabled = "enabled"
	NeverInject           = "neverInjectSelector"
)

// InjectorValues is the key of the same ConfigMap that has the charts' values, as
// JSON, since 1.6. Each of ProxyImages is where an image of what is injected is, or its name
// below the registry that is at ProxyHub; without one, it is ProxyImage. A Pod's
// annotation ProxyImageAnnotation names another.
// Source: pkg/kube/inject, and manifests/charts/istio-control/istio-discovery/files, 1.6 to 1.31.
const (
	InjectorValues       = "values"
	ProxyImage           = "proxyv2"
	ProxyImageAnnotation = "sidecar.istio.io/proxyImage"
	// ImageOfInjector is the image of a gateway's container until the container is
	// injected.
	ImageOfInjector = "auto"
	// InjectedAnnotation is what an injector leaves on a Pod that it has injected.
	InjectedAnnotation = "sidecar.istio.io/status"
	// InjectorWebhookSuffix ends the names of the webhooks that inject, in all versions.
	InjectorWebhookSuffix = "sidecar-injector.istio.io"
)

var (
	ProxyHub    = []string{"global", "hub"}
	ProxyImages = [][]string{{"global", "proxy", "image"}, {"global", "proxy_init", "image"}}
)

// injector is a program of its own up to 1.4.
var injector = Component{
	Name:      "the injector",
	Range:     Range{Before: RevisionsSince},
	Accounts:  []string{"istio-sidecar-injector-service-account"},
	Workloads: []string{"istio-sidecar-injector"},
	Rights: []Right{
		{
			Groups: []string{""}, Resources: []string{"configmaps"},
			Read: ControlPlaneNamespace, Write: None, Why: "the mesh, and what to inject",
		},
		{
			Groups: []string{"admissionregistration.k8s.io"}, Resources: []string{"mutatingwebhookconfigurations"},
			Read: Cluster, Write: ClusterByName, Why: "it writes its certificate into its webhook",
		},
	},
}

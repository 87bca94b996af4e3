package istio

import "github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"

// Gateways are of no component: they are proxies that say what they are by a
// label, by the template of their injection, or by both.

// GatewayComponents are the values of [OperatorComponentLabel] for gateways.
var GatewayComponents = []string{"IngressGateways", "EgressGateways"}

// DeployedLabel is a label of some versions.
type DeployedLabel struct {
	Range
	Label string
}

// DeployedLabels are on the Pods that istiod deploys for a Gateway of the
// Gateway API, at any time after the build. Pods that an earlier version has
// deployed get the later label at its upgrade, too. Sources: istio/istio,
// pilot/pkg/config/kube/gateway/templates, and from 1.18 on
// manifests/charts/istio-control/istio-discovery/files/kube-gateway.yaml.
var DeployedLabels = []DeployedLabel{
	{Range{Since: "1.12", Before: "1.21"}, "istio.io/gateway-name"},
	{Range{Since: "1.21"}, "gateway.networking.k8s.io/gateway-name"},
}

// ManagedLabel says which of istiod's controllers has deployed a Pod, and
// Waypoints are those that deploy waypoints, proxies of ambient mode for clients
// in the mesh alone. Source: istio/istio, pkg/config/constants.
const ManagedLabel = "gateway.istio.io/managed"

var Waypoints = []string{"istio.io-mesh-controller", "istio.io-agentgateway-waypoint-controller"}

// The ports that Istio keeps for itself in a proxy's Pod, such as for metrics,
// and among them the one that load balancers ask whether the Pod is ready.
// Source: istio.io, docs/ops/deployment/application-requirements.
const (
	FirstProxyPort, LastProxyPort = 15000, 15090
	ProxyStatusPort               = 15021
)

const (
	// IngressClassAnnotation names an Ingress's class.
	IngressClassAnnotation = "kubernetes.io/ingress.class"
	// DefaultIngressClass is the class of a mesh that names none.
	DefaultIngressClass = "istio"
	// IngressClass is the tenant's own.
	IngressClass = DefaultIngressClass + "-{tenant}"
	// DefaultIngressService is the Service of a mesh that names none.
	DefaultIngressService = "istio-ingressgateway"
	// IngressLabel selects the proxies that serve Ingresses, and is
	// DefaultIngressSelector in a mesh that has the default Service. Source:
	// istio/istio, getIngressGatewaySelector in pilot/pkg/config/kube/ingress.
	IngressLabel           = "istio"
	DefaultIngressSelector = "ingressgateway"
)

// ingressNamespace is read by Pilot and istiod alike. Source: istio/istio,
// pilot/pkg/config/kube/ingress/controller.go, 1.1 to 1.31.
var ingressNamespace = Variable{
	Name: "K8S_INGRESS_NS", Value: "{ingress}", Range: Range{Since: "1.1"}, KeepsTenants: true,
	Why: "where the Gateway made of an Ingress is, which is for proxies of its own namespace alone, and where the address for " +
		"the Ingress's status is looked for; otherwise both are in istio-system, which is no tenant's, or another's",
}

// seesForeignIngresses are the versions of istiod that see Ingresses outside of
// what discoverySelectors name: they serve them up to 1.15, and write their
// status up to 1.17. Sources: istio/istio,
// pilot/pkg/config/kube/ingressv1/controller.go and status.go of 1.10 to 1.17,
// pilot/pkg/config/kube/ingress of 1.18.
var seesForeignIngresses = Range{Before: "1.18"}

// IngressPolicyPrefix begins the names of the NetworkPolicies that are generated for
// gateways.
const IngressPolicyPrefix = "allow-ingress-"

// OwnGatewayClasses are the versions of istiod that serve a class of another name
// than Istio's own, by another controller's name. Source: istio.io, change notes of
// 1.22.0; istio/istio, pilot/pkg/features of 1.22 to 1.31.
var OwnGatewayClasses = Range{Since: "1.22"}

// The class of the Gateway API's Gateways that a control plane serves. Gateways
// name it, and a GatewayClass of that name need not be there: istiod knows its
// class by itself. If one is there, it says which controller serves the class, and
// an istiod leaves alone what another one serves. Source: istio/istio,
// gatewayclass_collection.go and deploymentcontroller.go of pilot/pkg/config/kube/gateway,
// and of gatewaycommon since 1.30.
const (
	// DefaultGatewayClass is the class of a control plane that names none, and
	// DefaultGatewayController who serves it.
	DefaultGatewayClass      = "istio"
	DefaultGatewayController = "istio.io/gateway-controller"
	// GatewayClass is the tenant's own, and GatewayController who serves it.
	GatewayClass      = DefaultGatewayClass + "-{tenant}"
	GatewayController = "{tenant}." + v1alpha1.Group + "/gateway-controller"
	// BaseGatewayClass is the name of the class in a base, which no API server
	// accepts.
	BaseGatewayClass = DefaultGatewayClass + "-" + v1alpha1.BaseNamespace
	// GatewayClassVariable tells istiod the class, GatewayControllerVariable who
	// serves it.
	GatewayClassVariable      = "PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME"
	GatewayControllerVariable = "PILOT_GATEWAY_API_CONTROLLER_NAME"
	// ClassDefaultsLabel is on a ConfigMap beside the control plane that has
	// defaults for what it deploys for the Gateways of a class.
	ClassDefaultsLabel = "gateway.istio.io/defaults-for-class"
)

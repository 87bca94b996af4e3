package v1alpha1

// IstioRelease renders a part of Istio's own charts as a base.
type IstioRelease struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Metadata   Metadata    `json:"metadata"`
	Spec       ReleaseSpec `json:"spec"`
}

// ReleaseSpec says what to render.
type ReleaseSpec struct {
	// Part of Istio to render.
	Part Part `json:"part"`
	// Namespace of a gateway, one of its tenant's application namespaces. Part gateway
	// only. Default: the first.
	Namespace string `json:"namespace,omitempty"`
	// Revision of the base, such as "1-31", for tenants that have several control
	// planes. Part control-plane only. Default: none.
	Revision string `json:"revision,omitempty"`
	// Hub is the image registry. Default: docker.io/istio.
	Hub string `json:"hub,omitempty"`
	// Tag is the image tag. Default: the release of the embedded charts.
	Tag string `json:"tag,omitempty"`
	// APIProxy is for tenants that read through it (discovery proxy).
	APIProxy APIProxy `json:"apiProxy,omitempty"`
	// Values are the chart's own values.
	Values map[string]any `json:"values,omitempty"`
}

// APIProxy is the program that runs next to a control plane and shows it only its
// tenant's namespaces.
type APIProxy struct {
	// Image of this program. Parts control-plane and applications only. Default: none,
	// and then tenants use another discovery. An empty string is an error.
	Image *string `json:"image,omitempty"`
}

// Part is a part of Istio that is deployed on its own.
type Part string

const (
	// PartCommon is deployed once per cluster: the CustomResourceDefinitions.
	PartCommon Part = "common"
	// PartControlPlane is deployed once per tenant: istiod.
	PartControlPlane Part = "control-plane"
	// PartGateway is a gateway, in a tenant's application namespace.
	PartGateway Part = "gateway"
	// PartApplications replaces PartControlPlane if a tenant's applications are built
	// without its control plane. Its tag is the version of that control plane, and its
	// API proxy is that control plane's API proxy.
	PartApplications Part = "applications"
	// PartShared replaces PartControlPlane if a tenant shares the control plane of
	// another. Its tag is the version of that control plane.
	PartShared Part = "shared"
)

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

// APIProxy is the program beside a control plane that shows it its tenant's
// namespaces alone.
type APIProxy struct {
	// Image of this program. Parts control-plane and applications only. Default: none, and then
	// tenants take another discovery. One that is stated and empty is no image.
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
	// PartApplications stands in the place of PartControlPlane where a tenant's
	// applications are built apart from its control plane. Its tag is the version of
	// that, and its API proxy the one that is beside that.
	PartApplications Part = "applications"
	// PartShared stands in the place of PartControlPlane where a tenant shares the
	// control plane of another. Its tag is the version of that.
	PartShared Part = "shared"
)

package tenancy

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

// IsCharts says whether an object of Istio's kinds is one that Istio's charts
// bring, about which nobody who reads a warning can do anything: one with the
// label of Istio's installers, or an EnvoyFilter for telemetry.
func (t Tenant) IsCharts(o *yaml.RNode) bool {
	labels := o.GetLabels()
	_, installed := labels[istio.OperatorComponentLabel]
	return installed || o.GetKind() == "EnvoyFilter" && labels[istio.RevisionLabel] != "" && t.Holds(istio.FilteredTelemetry)
}

package release

import (
	"fmt"
	"maps"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// instead says, by variable that the chart of the control plane writes itself,
// what else sets it.
var instead = map[string]string{
	"REVISION":              ofTenant("controlPlane.revision"),
	"CLUSTER_ID":            "set spec.values.global.multiCluster.clusterName",
	"PILOT_CERT_PROVIDER":   "set spec.values.global.pilotCertProvider",
	"PILOT_TRACE_SAMPLING":  "set spec.values.traceSampling",
	"PILOT_ENABLE_ANALYSIS": "set spec.values.global.istiod.enableAnalysis",
	"PLATFORM":              "set spec.values.global.platform",
	"GOMEMLIMIT":            "set spec.values.resources",
	"GOMAXPROCS":            "set spec.values.resources",
}

// checkEnvironment refuses variables that the chart writes itself: the container
// would have two of a name, which no API server takes by server-side apply.
func checkEnvironment(spec v1alpha1.ReleaseSpec) ([]error, error) {
	if spec.Part != v1alpha1.PartControlPlane {
		return nil, nil
	}
	var errs []error
	var written []string
	for _, prefix := range copiedFrom {
		at := prefix + "env"
		value, _ := lookup(spec.Values, at)
		env, _ := value.(map[string]any)
		if len(env) > 0 && written == nil {
			var err error
			if written, err = chartVariables(); err != nil {
				return nil, err
			}
		}
		for _, name := range slices.Sorted(maps.Keys(env)) {
			if !slices.Contains(written, name) || isOwned("env."+name) {
				continue
			}
			use, known := instead[name]
			if !known {
				use = "remove it"
			}
			errs = append(errs, fmt.Errorf("spec.values.%s.%s: found %s; the chart sets this variable itself: %s", at, name, inline(env[name]), use))
		}
	}
	return errs, nil
}

// chartVariables are those of the control plane's container when nobody asks
// for any.
func chartVariables() ([]string, error) {
	objects, err := Render(Options{Part: v1alpha1.PartControlPlane})
	if err != nil {
		return nil, err
	}
	plane, err := controlplane.Find(objects)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range object.List(plane.Container, "env") {
		names = append(names, object.String(e, "name"))
	}
	return names, nil
}

package release_test

import (
	"fmt"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
)

// The objects of Istio's gateway chart, in the base's namespace; a value of the
// chart makes the Service one that clients outside of the cluster cannot reach.
func ExampleGenerator() {
	of, err := v1alpha1.DecodeRelease([]byte(`
apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioRelease
metadata:
  name: istio
spec:
  part: gateway
  values:
    service:
      type: ClusterIP
`))
	if err != nil {
		fmt.Println(err)
	}
	objects, err := release.Generator{Release: of}.Filter(nil)
	if err != nil {
		fmt.Println(err)
	}
	for _, o := range objects {
		fmt.Printf("%s %s/%s\n", o.GetKind(), o.GetNamespace(), o.GetName())
		if o.GetKind() == "Service" {
			fmt.Println("  type:", object.String(o, "spec", "type"))
		}
	}
	// Output:
	// Deployment ISTIO_TENANT_NAMESPACE/istio-ingressgateway
	// HorizontalPodAutoscaler ISTIO_TENANT_NAMESPACE/istio-ingressgateway
	// Role ISTIO_TENANT_NAMESPACE/istio-ingressgateway
	// RoleBinding ISTIO_TENANT_NAMESPACE/istio-ingressgateway
	// Service ISTIO_TENANT_NAMESPACE/istio-ingressgateway
	//   type: ClusterIP
	// ServiceAccount ISTIO_TENANT_NAMESPACE/istio-ingressgateway
}

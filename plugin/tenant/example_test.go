package tenant_test

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// A control plane of two objects, in the base's namespace, becomes the tenant's:
// it has the tenant's namespace and revision, and looks at the tenant's namespace
// only. What the chain adds is listed below them.
func ExampleTransformer() {
	of, err := v1alpha1.DecodeTenant([]byte(`
apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioTenant
metadata:
  name: sales
spec:
  controlPlane:
    namespace: istio-system1
  applicationNamespaces: [ns-1]
  admins: [{kind: User, name: sales-admin}]
`))
	if err != nil {
		fmt.Println(err)
	}
	objects, err := kio.FromBytes([]byte(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod
  namespace: ISTIO_TENANT_NAMESPACE
spec:
  template:
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot:1.31.0
        args: [discovery]
        env:
        - name: REVISION
          value: default
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio
  namespace: ISTIO_TENANT_NAMESPACE
data:
  mesh: |-
    trustDomain: cluster.local
`))
	if err != nil {
		fmt.Println(err)
	}
	given := len(objects)
	objects, err = tenant.Transformer{Tenant: of}.Filter(objects)
	if err != nil {
		fmt.Println(err)
	}
	for i, o := range objects {
		if i < given {
			fmt.Printf("%s---\n", o.MustString())
		} else {
			fmt.Printf("# %s %s/%s\n", o.GetKind(), o.GetNamespace(), o.GetName())
		}
	}
	// Output:
	// apiVersion: apps/v1
	// kind: Deployment
	// metadata:
	//   name: istiod-sales
	//   namespace: istio-system1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// spec:
	//   template:
	//     spec:
	//       containers:
	//       - name: discovery
	//         image: docker.io/istio/pilot:1.31.0
	//         args: [discovery, '--grpcAddr=127.0.0.1:15010']
	//         env:
	//         - name: REVISION
	//           value: sales
	//         - name: ISTIO_WATCH_NAMESPACE
	//           value: "ns-1"
	//         - name: PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER
	//           value: "false"
	//         - name: PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME
	//           value: "istio-sales"
	//         - name: PILOT_GATEWAY_API_CONTROLLER_NAME
	//           value: "sales.istio-tenancy.dev/gateway-controller"
	//         - name: PILOT_SCOPE_GATEWAY_TO_NAMESPACE
	//           value: "true"
	//         - name: BLOCKED_CIDRS_IN_JWKS_URIS
	//           value: "0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,::/127,fe80::/10,fd00:ec2::254/128"
	//         - name: K8S_INGRESS_NS
	//           value: "ns-1"
	//         - name: TOKEN_AUDIENCES
	//           value: "sales.istio-tenancy.dev"
	// ---
	// apiVersion: v1
	// kind: ConfigMap
	// metadata:
	//   name: istio-sales
	//   namespace: istio-system1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// data:
	//   mesh: |-
	//     trustDomain: sales.mesh
	//     rootNamespace: istio-system1
	// ---
	// # Role istio-system1/ns-access-for-sales-admin-istio-system1
	// # RoleBinding istio-system1/access-all-istio-system1
	// # RoleBinding ns-1/access-all-ns-1
	// # Namespace /istio-system1
	// # Namespace /ns-1
	// # NetworkPolicy istio-system1/allow-tenant
	// # NetworkPolicy ns-1/allow-tenant
	// # NetworkPolicy istio-system1/allow-webhooks
	// # NetworkPolicy ns-1/allow-deployed-gateways
	// # AuthorizationPolicy ns-1/deny-other-tenants
	// # PeerAuthentication ns-1/default
}

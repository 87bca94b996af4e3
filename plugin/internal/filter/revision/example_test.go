package revision_test

import (
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/revision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// A control plane that knows revisions has the variable REVISION, which the
// charts call default where there is none.
func Example() {
	objecttest.Print(revision.Filter{Namespace: "istio-dev", Revision: "dev"}, `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod
  namespace: istio-dev
spec:
  template:
    spec:
      containers:
      - name: discovery
        env:
        - name: REVISION
          value: default
---
apiVersion: v1
kind: Service
metadata:
  name: istiod
  namespace: istio-dev
  labels:
    istio.io/rev: default
spec:
  selector:
    app: istiod
    istio: pilot
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio
  namespace: istio-dev
  labels:
    istio.io/rev: default
data:
  mesh: |-
    defaultConfig:
      discoveryAddress: istiod.istio-dev.svc:15012
`)
	// Output:
	// apiVersion: apps/v1
	// kind: Deployment
	// metadata:
	//   name: istiod-dev
	//   namespace: istio-dev
	// spec:
	//   template:
	//     spec:
	//       containers:
	//       - name: discovery
	//         env:
	//         - name: REVISION
	//           value: dev
	// ---
	// apiVersion: v1
	// kind: Service
	// metadata:
	//   name: istiod-dev
	//   namespace: istio-dev
	//   labels:
	//     istio.io/rev: dev
	// spec:
	//   selector:
	//     app: istiod
	//     istio.io/rev: dev
	// ---
	// apiVersion: v1
	// kind: ConfigMap
	// metadata:
	//   name: istio-dev
	//   namespace: istio-dev
	//   labels:
	//     istio.io/rev: dev
	// data:
	//   mesh: |-
	//     defaultConfig:
	//       discoveryAddress: istiod-dev.istio-dev.svc:15012
}

package split_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
)

// The Deployment becomes one of apps/v1 in the base's namespace, in
// control-plane; the kind is the whole cluster's, in common.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "base")
	if err != nil {
		fmt.Println(err)
	}
	defer os.RemoveAll(dir)
	summary, err := split.Run(strings.NewReader(`
apiVersion: extensions/v1beta1
kind: Deployment
metadata:
  name: istio-pilot
  namespace: istio-system
spec:
  template:
    metadata:
      labels:
        istio: pilot
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot:0.8.0
        args: [discovery]
---
apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata:
  name: gateways.networking.istio.io
`), "istio.yaml", dir)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Print("common: ", summary.Common, "\ncontrol-plane: ", summary.ControlPlane, "\n")
	text, err := os.ReadFile(filepath.Join(dir, split.ControlPlane, "deployment.yaml"))
	if err != nil {
		fmt.Println(err)
	}
	fmt.Print(string(text))
	// Output:
	// common: 1 CustomResourceDefinition
	// control-plane: 1 Deployment
	// # From istio.yaml, Istio 0.8.0, by istio-tenancy split.
	// ---
	// apiVersion: apps/v1
	// kind: Deployment
	// metadata:
	//   name: istio-pilot
	//   namespace: ISTIO_TENANT_NAMESPACE
	// spec:
	//   selector:
	//     matchLabels:
	//       istio: pilot
	//   template:
	//     metadata:
	//       labels:
	//         istio: pilot
	//     spec:
	//       containers:
	//       - name: discovery
	//         image: docker.io/istio/pilot:0.8.0
	//         args: [discovery]
}

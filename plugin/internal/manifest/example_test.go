package manifest_test

import (
	"fmt"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
)

// The keys of a manifest of 2018 are given twice, and an alias stands for a
// label.
func Example() {
	objects, repairs, err := manifest.Read(strings.NewReader(`
apiVersion: v1
kind: Deployment
apiVersion: extensions/v1beta1
metadata:
  name: istio-ca
  namespace: istio-system
  labels: &labels
    istio: ca
spec:
  template:
    metadata:
      labels: *labels
`), "istio.yaml")
	if err != nil {
		fmt.Println(err)
	}
	text, err := manifest.Write(objects)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.Join(repairs, "\n"))
	fmt.Print(string(text))
	// Output:
	// istio.yaml:4: Deployment istio-system/istio-ca: apiVersion is given twice; kept this value, the last, as kubectl did; dropped that of line 2
	// apiVersion: extensions/v1beta1
	// kind: Deployment
	// metadata:
	//   name: istio-ca
	//   namespace: istio-system
	//   labels:
	//     istio: ca
	// spec:
	//   template:
	//     metadata:
	//       labels:
	//         istio: ca
}

package cluster

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
)

// GatewayAPI is what a cluster administrator installs beside Istio: the Gateway
// API's kinds, and the class that Istio's gateways are of.
func GatewayAPI(binaries servers.Binaries) ([]*Object, error) {
	kinds, err := ParseFolder(binaries["gateway-api"])
	if err != nil {
		return nil, err
	}
	class, err := Parse([]byte(gatewayClass))
	return append(kinds, class...), err
}

const gatewayClass = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: istio
spec:
  controllerName: istio.io/gateway-controller
`

// ParseFolder reads the YAML files of a folder.
func ParseFolder(folder string) ([]*Object, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var all []*Object
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		objects, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, objects...)
	}
	return all, nil
}

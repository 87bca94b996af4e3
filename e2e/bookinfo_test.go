package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// applyExample applies what an overlay of the examples renders, until the test ends.
func applyExample(t *testing.T, w *world, overlay string) []*cluster.Object {
	t.Helper()
	objects, err := w.source.Render(overlay)
	require.NoError(t, err)
	_, err = w.cluster.Admin.Apply(objects)
	require.NoError(t, err)
	t.Cleanup(func() { remove(t, w, objects) })
	return objects
}

// deployBookinfo deploys an application of the shape of Istio's Bookinfo, as the
// tenant's administrator, and waits for its pods.
func deployBookinfo(t *testing.T, w *world, namespace string) {
	t.Helper()
	var text strings.Builder
	pods := 0
	for _, service := range []struct {
		name     string
		versions int
	}{{"details", 1}, {"productpage", 1}, {"ratings", 1}, {"reviews", 3}} {
		fmt.Fprintf(&text, serviceYAML, service.name, namespace)
		for version := range service.versions {
			fmt.Fprintf(&text, deploymentYAML, service.name, version+1, namespace)
			pods++
		}
	}
	objects, err := cluster.Parse([]byte(text.String()))
	require.NoError(t, err)
	_, err = w.cluster.As(w.adminOf(namespace)).Apply(objects)
	require.NoError(t, err)
	require.NoError(t, cluster.Eventually(patience, func() error {
		items, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods")
		if err == nil && len(items) < pods {
			err = fmt.Errorf("%d pods in %s, not %d", len(items), namespace, pods)
		}
		return err
	}))
}

// adminOf is the administrator of the tenant that has an application namespace.
func (w *world) adminOf(namespace string) string {
	for _, tenants := range []map[string]*tenant{w.tenants, mesh.tenants} {
		for _, tenant := range tenants {
			if slices.Contains(tenant.applications, namespace) {
				return tenant.admin
			}
		}
	}
	return ""
}

const serviceYAML = `
apiVersion: v1
kind: Service
metadata:
  name: %[1]s
  namespace: %[2]s
spec:
  selector:
    app: %[1]s
  ports:
  - name: http
    port: 9080
---
`

const deploymentYAML = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: %[1]s-v%[2]d
  namespace: %[3]s
spec:
  replicas: 1
  selector:
    matchLabels:
      app: %[1]s
      version: v%[2]d
  template:
    metadata:
      labels:
        app: %[1]s
        version: v%[2]d
    spec:
      containers:
      - name: %[1]s
        image: registry.example/%[1]s:v%[2]d
        ports:
        - containerPort: 9080
---
`

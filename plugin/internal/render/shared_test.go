package render_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTenantsOfASharedMesh: they have its revision, its trust domain and its control
// plane's namespace in common, and nothing else.
func TestTenantsOfASharedMesh(t *testing.T) {
	const (
		host   = "{mesh: host, applicationNamespaces: [istio-ingress], admins: [{kind: User, name: jo}]}"
		shared = "{mesh: shared, applicationNamespaces: [%s-web], admins: [{kind: User, name: jo}]}"
		base   = "resources: [../../bases/istio/shared]\ntransformers: [tenant.yaml]\n"
	)
	r := newPlainRepo(t)
	r.overlay("shared", "shared", host, kustomization)
	names := []string{"apples", "pears", "plums", "quinces"} // as many as a template is worth
	for _, name := range names {
		r.overlay(name, name, fmt.Sprintf(shared, name), base)
	}
	summary := r.run()
	require.Equal(t, 5, summary.Overlays)
	require.Equal(t, 4, summary.Filled, "what they share is filled in")
	for _, name := range append(names, "shared") {
		r.same(name)
	}
	require.Contains(t, r.read("rendered/plums/manifests.yaml"), "istio-tenancy.dev/mesh: shared\n")
	require.NotContains(t, r.read("rendered/plums/manifests.yaml"), "kind: Deployment")

	r.overlay("cherries", "cherries", fmt.Sprintf(shared, "plums"), base)
	_, _, err := r.render()
	require.ErrorContains(t, err, "namespace plums-web: has two owners, tenant cherries (")
}

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// over builds Flux's own manifests under one of the examples' components.
func over(t *testing.T, source checkout.Checkout, component string, manifests ...string) []*cluster.Object {
	t.Helper()
	dir := filepath.Join(source.Dir, "flux-system-"+component)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	text := "components: [../examples/flux/" + component + "]\nresources:\n"
	for _, from := range manifests {
		into := filepath.Base(from)
		require.NoError(t, os.CopyFS(filepath.Join(dir, into), os.DirFS(from)))
		text += "- " + into + "\n"
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600))
	out, err := source.Build(dir)
	require.NoError(t, err)
	return parse(t, string(out))
}

func TestFluxActsForATenantWithNoMoreThanItHas(t *testing.T) {
	c := claims(t, "With Flux's own roles, a tenant's administrator can create a Kustomization. The components of the examples remove "+
		"that right, and set the flags with which a Kustomization without an account is applied without any rights")
	alone, sales, source := onlySales(t)
	_, err := alone.Admin.Apply(sales.objects)
	require.NoError(t, err)
	_, err = alone.Admin.Apply(definitions(t, "flux-kinds"))
	require.NoError(t, err)
	client := alone.As(sales.admin)
	const path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/ns-1/kustomizations"
	attack := object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "attack",
		`"spec":{"interval":"1m","prune":false,"serviceAccountName":"default","sourceRef":{"kind":"GitRepository","name":"attack"}}`)
	// becomes tries the attack until it is answered so: roles are aggregated some time later.
	becomes := func(t *testing.T, code int) {
		t.Helper()
		require.NoError(t, cluster.Eventually(patience, func() error {
			answer, err := client.Do("POST", path+"?dryRun=All", attack)
			if err == nil && answer.Code != code {
				err = fmt.Errorf("%d instead of %d: %s", answer.Code, code, answer.Message())
			}
			return err
		}))
	}
	c.check("without Flux's roles it is refused", func(t *testing.T) {
		becomes(t, http.StatusForbidden)
	})
	roles := rolesAsInstalled(t, source)
	c.check("for comparison: with them it is accepted", func(t *testing.T) {
		out, err := source.Build(roles)
		require.NoError(t, err)
		_, err = alone.Admin.Apply(clusterRoles(parse(t, string(out))))
		require.NoError(t, err)
		becomes(t, http.StatusCreated)
	})
	c.check("without-flux-edit: it is refused again", func(t *testing.T) {
		_, err := alone.Admin.Apply(clusterRoles(over(t, source, "without-flux-edit", roles)))
		require.NoError(t, err)
		becomes(t, http.StatusForbidden)
		answer, err := client.Do("GET", path, "")
		require.NoError(t, err)
		require.NoError(t, answer.Error(), "reading stays")
	})
	c.check("lockdown: kustomize-controller's own manifest gets the flags", func(t *testing.T) {
		manager := filepath.Join(source.Dir, "manager")
		require.NoError(t, os.CopyFS(filepath.Join(manager, "original"), os.DirFS(binaries["flux-manager"])))
		require.NoError(t, os.WriteFile(filepath.Join(manager, "kustomization.yaml"), []byte("namespace: flux-system\nresources: [original]\n"), 0o600))
		objects := over(t, source, "lockdown", manager)
		i := slices.IndexFunc(objects, func(o *cluster.Object) bool { return o.GetKind() == "Deployment" })
		require.GreaterOrEqual(t, i, 0)
		containers, _, err := unstructured.NestedSlice(objects[i].Object, "spec", "template", "spec", "containers")
		require.NoError(t, err)
		arguments := containers[0].(map[string]any)["args"]
		require.Subset(t, arguments, []any{"--no-cross-namespace-refs=true", "--default-service-account=default", "--no-remote-bases=true"})
		require.Contains(t, arguments, "--watch-all-namespaces", "what was there stays")
	})
}

// rolesAsInstalled is a folder with Flux's roles as flux install prints them: the name
// of each ClusterRole ends in Flux's namespace.
func rolesAsInstalled(t *testing.T, source checkout.Checkout) string {
	t.Helper()
	named, printed := filepath.Join(source.Dir, "roles-named"), filepath.Join(source.Dir, "roles")
	require.NoError(t, os.CopyFS(filepath.Join(named, "original"), os.DirFS(binaries["flux-roles"])))
	require.NoError(t, os.WriteFile(filepath.Join(named, "kustomization.yaml"), []byte("nameSuffix: -flux-system\nresources: [original]\n"), 0o600))
	text, err := source.Build(named)
	require.NoError(t, err)
	require.Contains(t, string(text), "name: flux-edit-flux-system\n")
	require.NoError(t, os.Mkdir(printed, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(printed, "gotk-components.yaml"), text, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(printed, "kustomization.yaml"), []byte("resources: [gotk-components.yaml]\n"), 0o600))
	return printed
}

func clusterRoles(objects []*cluster.Object) []*cluster.Object {
	return slices.DeleteFunc(objects, func(o *cluster.Object) bool { return o.GetKind() != "ClusterRole" })
}

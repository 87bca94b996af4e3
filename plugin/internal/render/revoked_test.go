package render_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

const (
	see = `stays; to see it: kubectl get $(kubectl api-resources --namespaced --verbs=list -o name | paste -sd, -) -n NS -o wide -L istio-tenancy.dev/tenant`

	made        = "; what was made with it " + see
	madeOfIstio = "; what was made with it, such as objects of Istio, " + see
)

// TestRightsThatAreTakenAwayAreNamed changes a tenant step by step.
func TestRightsThatAreTakenAwayAreNamed(t *testing.T) {
	for name, split := range map[string]bool{"one file": false, "a file per object": true} {
		t.Run(name, func(t *testing.T) {
			r := newPlainRepo(t)
			step := func(spec string, want ...string) {
				t.Helper()
				r.overlay("alpha", "alpha", spec, kustomization)
				for _, dry := range []bool{true, false} {
					_, printed, err := r.render(func(o *render.Options) { o.Split, o.Diff = split, dry })
					require.NoError(t, err)
					var got []string
					for line := range strings.Lines(printed) {
						if at := strings.Index(line, "overlays/alpha: "); at >= 0 && (strings.Contains(line, " loses ") || strings.Contains(line, "leaves the tenant")) {
							got = append(got, strings.TrimSpace(line[at+len("overlays/alpha: "):]))
						}
					}
					require.Equal(t, want, got)
				}
			}
			in := func(namespace, text string) string {
				left := made
				if namespace == "istio-alpha" {
					left = madeOfIstio
				}
				return "in namespace " + namespace + ", " + text + strings.Replace(left, "NS", namespace, 1)
			}
			const selectors = "discovery: selectors, "
			step("{" + selectors + "admins: [{kind: User, name: jo}, {kind: User, name: bo}, {kind: ServiceAccount, namespace: ci, name: deploy}], " +
				"viewers: [{kind: Group, name: audit}], applicationNamespaces: [a, b]}")
			step("{" + selectors + "admins: [{kind: User, name: jo}, {kind: User, name: bo}, {kind: ServiceAccount, namespace: ci, name: deploy}], " +
				"viewers: [{kind: Group, name: audit}], applicationNamespaces: [a, b, c]}")
			step("{"+selectors+"admins: [{kind: User, name: jo}], viewers: [{kind: User, name: bo}], applicationNamespaces: [a, b, c]}",
				in("a", "Group audit loses ClusterRole view, ServiceAccount ci/deploy loses ClusterRole admin, User bo loses ClusterRole admin"),
				in("b", "Group audit loses ClusterRole view, ServiceAccount ci/deploy loses ClusterRole admin, User bo loses ClusterRole admin"),
				in("c", "Group audit loses ClusterRole view, ServiceAccount ci/deploy loses ClusterRole admin, User bo loses ClusterRole admin"),
				in("istio-alpha", "Group audit loses Role ns-view-for-alpha-viewer-istio-alpha, "+
					"ServiceAccount ci/deploy loses Role ns-access-for-alpha-admin-istio-alpha, "+
					"User bo loses Role ns-access-for-alpha-admin-istio-alpha"))
			step("{"+selectors+"admins: [{kind: User, name: jo}], applicationNamespaces: [a, b]}",
				in("a", "User bo loses ClusterRole view"),
				in("b", "User bo loses ClusterRole view"),
				in("istio-alpha", "User bo loses Role ns-view-for-alpha-viewer-istio-alpha"),
				leaves("c"))
			step("{" + selectors + "admins: [{kind: User, name: jo}, {kind: User, name: bo}], applicationNamespaces: [a, b], quota: {pods: '1'}}")
		})
	}
}

// leaves is what is said of a namespace that is no longer the tenant's.
func leaves(namespace string) string {
	return "namespace " + namespace + " leaves the tenant, and neither Argo CD nor Flux prunes it: what is in it stays, also the objects that its administrators " +
		"created and the rights that they granted, and its NetworkPolicies are deleted, so that its Pods are open to the whole cluster: stop the Pods before this is applied, then delete the namespace, and create it again before another tenant gets it: kubectl delete namespace " + namespace
}

func TestNamespacesOfATenantThatGoesAreNamed(t *testing.T) {
	r := newPlainRepo(t)
	r.overlay("alpha", "alpha", "{createNamespaces: false, admins: [{kind: User, name: jo}]}", kustomization)
	r.teams("beta")
	r.run()
	require.NoError(t, os.RemoveAll(r.path("overlays/alpha")))
	r.teams("gamma")
	require.NoError(t, os.RemoveAll(r.path("overlays/beta")))
	_, printed, err := r.render(func(o *render.Options) { o.Prune = true })
	require.NoError(t, err)
	for _, tenant := range []string{"alpha", "beta"} {
		for _, namespace := range []string{tenant, "istio-" + tenant} {
			require.Contains(t, printed, r.path("rendered", tenant)+": "+leaves(namespace))
		}
	}
	require.NotContains(t, printed, "namespace gamma")
}

// TestANamespaceThatIsPrunedIsNamed has an overlay that states what is pruned, and an
// output of an earlier release, which stated nothing.
func TestANamespaceThatIsPrunedIsNamed(t *testing.T) {
	const both, one = "{applicationNamespaces: [a, b], admins: [{kind: User, name: jo}]}", "{applicationNamespaces: [a], admins: [{kind: User, name: jo}]}"
	for name, c := range map[string]struct {
		annotations string // of the Namespace, in place of those that keep it
		tools       string
	}{
		"nothing stated":  {"", "Argo CD or Flux"},
		"Argo CD may":     {"    argocd.argoproj.io/sync-options: Prune=true\n    kustomize.toolkit.fluxcd.io/prune: disabled\n", "Argo CD"},
		"Flux may delete": {"    argocd.argoproj.io/sync-options: Prune=false\n    kustomize.toolkit.fluxcd.io/prune: enabled\n", "Flux"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newPlainRepo(t)
			r.overlay("alpha", "alpha", both, kustomization)
			r.run()
			const output, kept = "rendered/alpha/manifests.yaml", "    argocd.argoproj.io/sync-options: Prune=false\n    kustomize.toolkit.fluxcd.io/prune: disabled\n"
			text := r.read(output)
			require.Contains(t, text, kept)
			r.write(output, strings.ReplaceAll(text, kept, c.annotations))
			r.overlay("alpha", "alpha", one, kustomization)
			_, printed, err := r.render(func(o *render.Options) { o.Verify = true })
			require.NoError(t, err)
			gone := func(namespace string) string {
				return "Namespace " + namespace + " is no longer rendered, and " + c.tools + ", where pruning is on, deletes it with everything in it"
			}
			require.Contains(t, printed, gone("b"))
			require.NotContains(t, printed, gone("a"))

			r.write(output, strings.ReplaceAll(text, kept, c.annotations))
			r.overlay("alpha", "alpha", strings.Replace(one, "{", "{createNamespaces: false, ", 1), kustomization)
			_, printed, err = r.render(func(o *render.Options) { o.Verify = true })
			require.NoError(t, err)
			for _, namespace := range []string{"a", "b", "istio-alpha"} {
				require.Contains(t, printed, gone(namespace))
			}
		})
	}
}

// TestATenantThatIsRenamedInPlaceIsNamed has the namespaces stated, so that they stay.
func TestATenantThatIsRenamedInPlaceIsNamed(t *testing.T) {
	r := newPlainRepo(t)
	const spec = "{controlPlane: {namespace: istio-alpha}, applicationNamespaces: [a], admins: [{kind: User, name: jo}]}"
	r.overlay("alpha", "alpha", spec, kustomization)
	r.run()
	r.overlay("alpha", "omega", spec, kustomization)
	for _, dry := range []bool{true, false} {
		_, printed, err := r.render(func(o *render.Options) { o.Diff = dry })
		require.NoError(t, err)
		require.Contains(t, printed, r.path("overlays/alpha")+": metadata.name: tenant alpha is replaced by tenant omega: a tenant cannot be renamed in place, ")
		require.Contains(t, printed, "restore the old name, and see https://github.com/istio-tenancy/istio-tenancy/blob/main/docs/operations.md#rename-a-tenant")
		require.NotContains(t, printed, "loses") // since the Role that has the new name is no other right
	}
	r.overlay("alpha", "omega", strings.Replace(spec, "jo", "bo", 1), kustomization)
	_, printed, err := r.render()
	require.NoError(t, err)
	require.NotContains(t, printed, "metadata.name")
}

// TestProgramsThatLoseRightsAreNoPeople takes a gateway's account away, as an
// upgrade may, together with a person's role.
func TestProgramsThatLoseRightsAreNoPeople(t *testing.T) {
	r := newPlainRepo(t)
	const one, both = "{admins: [{kind: User, name: jo}]}", "{admins: [{kind: User, name: jo}, {kind: ServiceAccount, namespace: alpha, name: deploy}]}"
	r.write("overlays/alpha/gateway.yaml", `apiVersion: v1
kind: ServiceAccount
metadata: {name: gate}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: gate}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: gate}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: gate}
subjects: [{kind: ServiceAccount, name: gate, namespace: alpha}]
`)
	r.overlay("alpha", "alpha", both, strings.Replace(kustomization, "control-plane]", "control-plane, gateway.yaml]", 1))
	r.run()
	require.Contains(t, r.read("rendered/alpha/manifests.yaml"), "name: gate")
	r.overlay("alpha", "alpha", one, kustomization)
	_, printed, err := r.render()
	require.NoError(t, err)
	require.Contains(t, printed, "in namespace alpha, ServiceAccount alpha/deploy loses ClusterRole admin; what was made with it stays")
	require.NotContains(t, printed, "gate")
}

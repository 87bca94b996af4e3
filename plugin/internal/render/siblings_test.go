package render_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// printed is what a run prints that has one overlay alone, as Argo CD's plugin does.
func (r repo) printed(overlay string) (string, error) {
	r.Helper()
	_, out, err := r.render(func(o *render.Options) { o.Output, o.Overlays = "", []string{overlay} })
	return out, err
}

const oneAdmin = "{admins: [{kind: User, name: jo}]}"

func TestWhoPrintsOneTenantSeesThoseBesideIt(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("devel", "sales")
	want, err := r.printed(r.path("overlays/sales"))
	require.NoError(t, err)
	require.NotEmpty(t, want)

	r.overlay("payroll", "sales", oneAdmin, kustomization) // copied, and not edited yet
	for _, dir := range []string{"payroll", "sales"} {
		out, err := r.printed(r.path("overlays", dir))
		require.ErrorContains(t, err, r.path("overlays", dir)+": tenant sales: has two owners, tenant sales (", dir)
		require.ErrorContains(t, err, "tenant sales ("+r.path("overlays/payroll")+": metadata.name)", dir)
		require.ErrorContains(t, err, "tenant sales ("+r.path("overlays/sales")+": metadata.name)", dir)
		require.ErrorContains(t, err, "must have one: change metadata.name in the copy; "+
			"or, if one of the two is for another cluster or out of use, move it to another directory", dir)
		require.Empty(t, out)
	}
	_, err = r.printed(r.path("overlays/devel"))
	require.NoError(t, err, "the two are not about that one")

	r.overlay("payroll", "payroll", "{admins: [{kind: User, name: jo}], applicationNamespaces: [sales]}", kustomization)
	_, err = r.printed(r.path("overlays/sales"))
	require.ErrorContains(t, err, "namespace sales: has two owners, tenant sales (")

	r.overlay("payroll", "payroll", oneAdmin, kustomization)
	out, err := r.printed(r.path("overlays/sales"))
	require.NoError(t, err)
	require.Equal(t, want, out)
}

// A tenant may stand elsewhere than in a file beside the kustomization.
func TestACopiedTenantIsSeenWhereverItStands(t *testing.T) {
	const tail = "resources: [../../bases/istio/control-plane]\ntransformers:\n"
	for name, copy := range map[string]func(r repo, tenant string){
		"in place": func(r repo, tenant string) {
			r.write("overlays/copy/kustomization.yaml", tail+"- |\n  "+strings.ReplaceAll(strings.TrimSpace(tenant), "\n", "\n  ")+"\n")
		},
		"by a directory": func(r repo, tenant string) {
			r.write("overlays/copy/kustomization.yaml", tail+"- t\n")
			r.write("overlays/copy/t/kustomization.yaml", "resources: [tenant.yaml]\n")
			r.write("overlays/copy/t/tenant.yaml", tenant)
		},
		"by a link": func(r repo, tenant string) {
			r.write("overlays/copy/kustomization.yaml", tail+"- tenant.yaml\n")
			r.write("overlays/copy/t/tenant.yaml", tenant)
			require.NoError(r, os.Symlink("t/tenant.yaml", r.path("overlays/copy/tenant.yaml")))
		},
		"beside another transformer": func(r repo, tenant string) {
			r.write("overlays/copy/kustomization.yaml", tail+"- all.yaml\n")
			r.write("overlays/copy/all.yaml", "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: x}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n---\n"+tenant)
		},
		"in what is listed": func(r repo, tenant string) {
			r.write("overlays/copy/kustomization.yaml", "resources: [below]\n")
			r.write("overlays/copy/below/kustomization.yaml", strings.Replace(tail, "../../", "../../../", 1)+"- t\n")
			r.write("overlays/copy/below/t/kustomization.yaml", "resources: [tenant.yaml]\n")
			r.write("overlays/copy/below/t/tenant.yaml", tenant)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newPlainRepo(t)
			r.teams("sales")
			copy(r, r.read("overlays/sales/tenant.yaml"))
			for _, dir := range []string{"copy", "sales"} {
				out, err := r.printed(r.path("overlays", dir))
				require.ErrorContains(t, err, "tenant sales: has two owners, tenant sales (", dir)
				require.Empty(t, out, dir)
			}
			_, _, err := r.render()
			require.ErrorContains(t, err, "tenant sales: has two owners, tenant sales (")
			require.NoFileExists(t, r.path("rendered/sales/manifests.yaml"))

			r.write("overlays/copy/kustomization.yaml", kustomization)
			r.overlay("copy", "other", oneAdmin, kustomization)
			_, _, err = r.render()
			require.NoError(t, err)
		})
	}
}

// Argo CD's plugin runs in the overlay's directory.
func TestTheWorkingDirectoryHasSiblings(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("sales")
	r.overlay("payroll", "sales", oneAdmin, kustomization)
	t.Chdir(r.path("overlays/sales"))
	outside := func(o *render.Options) { o.Output, o.Overlays, o.Allow.Outside = "", []string{"."}, []string{"../.."} }
	_, out, err := r.render(outside)
	require.ErrorContains(t, err, "tenant sales (../sales: metadata.name) and tenant sales (../payroll: metadata.name)")
	require.Empty(t, out)
	require.NoError(t, os.RemoveAll(r.path("overlays/payroll")))
	_, _, err = r.render(outside)
	require.NoError(t, err)
}

func TestWhatIsNoSiblingStopsNobody(t *testing.T) {
	const copied = "resources: [../../bases/istio/control-plane]\ntransformers: [tenant.yaml]\n"
	for name, make := range map[string]func(r repo){
		"a broken tenant": func(r repo) {
			r.overlay("copy", "sales", oneAdmin, copied)
			r.write("overlays/copy/tenant.yaml", strings.Replace(r.read("overlays/copy/tenant.yaml"), "spec:", "sepc:", 1))
		},
		"a tenant that is no YAML": func(r repo) {
			r.overlay("copy", "sales", oneAdmin, copied)
			r.write("overlays/copy/tenant.yaml", r.read("overlays/copy/tenant.yaml")+"<<<<<<< HEAD\n")
		},
		"a broken kustomization":              func(r repo) { r.overlay("copy", "sales", oneAdmin, copied+"no: [such, field]\n") },
		"a directory without kustomization":   func(r repo) { r.write("overlays/copy/tenant.yaml", r.read("overlays/sales/tenant.yaml")) },
		"a kustomization that is a directory": func(r repo) { r.write("overlays/copy/kustomization.yaml/x", "") },
		"a file":                              func(r repo) { r.write("overlays/copy", copied) },
		"a hidden directory":                  func(r repo) { r.overlay(".copy", "sales", oneAdmin, copied) },
		"a deeper one": func(r repo) {
			r.overlay("more/copy", "sales", oneAdmin, strings.Replace(copied, "../../", "../../../", 1))
		},
		"two that have something in common": func(r repo) {
			r.overlay("copy", "other", oneAdmin, copied)
			r.overlay("copy2", "other", oneAdmin, copied)
		},
		"a link": func(r repo) {
			require.NoError(r, os.Symlink("sales", r.path("overlays/copy")))
		},
		"a link to nothing": func(r repo) {
			require.NoError(r, os.Symlink("gone", r.path("overlays/copy")))
		},
		"a directory that this user may not read": func(r repo) {
			r.overlay("copy", "other", oneAdmin, copied)
			require.NoError(r, os.Chmod(r.path("overlays/copy"), 0))
			r.Cleanup(func() { require.NoError(r, os.Chmod(r.path("overlays/copy"), 0o700)) })
		},
		"applications of the tenant": func(r repo) {
			r.overlay("copy", "sales", "{admins: [{kind: Group, name: sales-admins}]}", "resources: [../../bases/istio/applications]\ntransformers: [tenant.yaml]\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newPlainRepo(t)
			r.teams("sales")
			want, err := r.printed(r.path("overlays/sales"))
			require.NoError(t, err)
			make(r)
			out, err := r.printed(r.path("overlays/sales"))
			require.NoError(t, err)
			require.Equal(t, want, out)
		})
	}
}

// Overlays that lie deeper, and those that a link leads to, have siblings as well.
func TestSiblingsAreThoseOfWhereTheOverlayLies(t *testing.T) {
	deeper := strings.Replace(kustomization, "../../", "../../../", 1)
	r := newPlainRepo(t)
	r.overlay("retail/sales", "sales", oneAdmin, deeper)
	r.overlay("retail/copy", "sales", oneAdmin, deeper)
	_, err := r.printed(r.path("overlays/retail/sales"))
	require.ErrorContains(t, err, "tenant sales ("+r.path("overlays/retail/copy")+": metadata.name)")
	require.NoError(t, os.Symlink("overlays/retail/sales", r.path("link")))
	_, err = r.printed(r.path("link"))
	require.ErrorContains(t, err, "tenant sales ("+r.path("link")+": metadata.name) and tenant sales ("+r.path("overlays/retail/copy")+": metadata.name)")
}

package e2e

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// applicationsOnly is the kustomization of a repository that a tenant has for its
// applications. The platform's repository has the control plane.
const applicationsOnly = `
resources: [istio, bookinfo]
transformers: [tenant.yaml]
`

func TestApplicationsOfARepositoryOfTheirOwn(t *testing.T) {
	c := claims(t, "Bookinfo in the tenant's own repository, with a copy of the tenant's file, is built without any object of the control plane. The account of examples/flux, which may write only "+
		"in the application namespace, applies it strictly. It can apply no other object of the tenant in istiod's namespace or without a namespace, and no object of Bookinfo elsewhere")
	w := theWorld(t)
	dev := w.tenants["dev"]
	repository := checkout.Checkout{Dir: t.TempDir(), Tools: w.source.Tools}
	for from, to := range map[string]string{"bases/istio/applications": "istio", "examples/bookinfo/application": "bookinfo"} {
		require.NoError(t, os.CopyFS(filepath.Join(repository.Dir, to), os.DirFS(filepath.Join(w.source.Dir, from))))
	}
	tenant, err := os.ReadFile(filepath.Join(w.source.Dir, "overlays/dev/tenant.yaml"))
	require.NoError(t, err)
	require.NoError(t, errors.Join(
		os.WriteFile(filepath.Join(repository.Dir, "tenant.yaml"), tenant, 0o644),
		os.WriteFile(filepath.Join(repository.Dir, "kustomization.yaml"), []byte(applicationsOnly), 0o644),
	))
	objects, err := repository.Render(".")
	require.NoError(t, err)

	text, err := w.source.Build("examples/flux/applications/dev")
	require.NoError(t, err)
	made := slices.DeleteFunc(parse(t, string(text)), func(o *cluster.Object) bool {
		return strings.HasSuffix(o.GetKind(), "Kustomization") || o.GetKind() == "GitRepository"
	})
	require.Len(t, made, 2, "a ServiceAccount and its RoleBinding")
	_, err = w.cluster.Admin.Apply(made)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(made)) })
	token, err := w.cluster.ServiceAccountToken("ns-0", "applications")
	require.NoError(t, err)
	account := w.cluster.WithToken(token)

	planes := map[string]bool{}
	for _, o := range dev.objects {
		planes[cluster.ID(o)] = true
	}
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(objects)) })
	for _, o := range objects {
		c.verify(o.GetNamespace() == "ns-0" && !planes[cluster.ID(o)], "%s is of the control plane's build", cluster.ID(o))
		_, err := account.Apply([]*cluster.Object{o})
		c.verify(err == nil, "%s: %v", cluster.ID(o), err)
	}
	for _, app := range []string{"details", "productpage", "ratings", "reviews"} {
		c.check(app+" gets its Pods, with proxies", func(t *testing.T) {
			for _, o := range objects {
				if o.GetKind() == "Deployment" && o.GetName() == app {
					require.NoError(t, cluster.Eventually(patience, func() error { return hasPods(w, dev, o) }))
				}
			}
		})
	}
	for _, o := range objects {
		stored, err := w.cluster.Admin.Read(o)
		require.NoError(t, err)
		again, err := account.Apply([]*cluster.Object{o})
		c.verify(err == nil && saying(t, stored) == saying(t, again[0]), "%s: a second apply changes it: %v", cluster.ID(o), err)
	}

	// The rights are asked for, and not what else would refuse an object.
	const refusal = `User "system:serviceaccount:ns-0:applications" cannot`
	refused := func(o *cluster.Object) {
		t.Helper()
		path, err := w.cluster.Admin.Path(o)
		require.NoError(t, err)
		body, err := o.MarshalJSON()
		require.NoError(t, err)
		answer := send(t, account, http.MethodPatch, path+"?fieldManager=e2e&fieldValidation=Strict", string(body))
		c.verify(answer.Code == http.StatusForbidden && strings.Contains(answer.Message(), refusal), "%s: %d %s", cluster.ID(o), answer.Code, answer.Message())
	}
	beside, elsewhere := 0, 0
	for _, o := range dev.objects {
		if o.GetNamespace() != "ns-0" {
			refused(o)
			beside++
		}
	}
	for _, namespace := range append(w.outside("dev"), dev.controlPlane) {
		for _, o := range objects {
			moved := o.DeepCopy()
			moved.SetNamespace(namespace)
			refused(moved)
			elsewhere++
		}
	}
	c.note("The account applies the %d objects of Bookinfo, none of the %d of the control plane's build that are beside istiod or without a namespace, and none of its own in %d other namespaces.",
		len(objects), beside, elsewhere/len(objects))
}

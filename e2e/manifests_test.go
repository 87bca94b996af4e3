package e2e

import (
	"encoding/json"
	"fmt"
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

// salesNamespaces are the tenant's of the manifests' test.
var salesNamespaces = []string{"istio-system1", "ns-1"}

// allowedKinds are those without a namespace of which a tenant may have objects,
// by the control plane's name.
var allowedKinds = []string{
	"ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration", "Namespace",
	"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
}

// TestNoManifestOfAnOverlayIsStoredOutsideOfTheTenant has an object of every
// kind that an API server can serve in an overlay, written in every way that
// might be read in two ways, and has that API server say where it is.
func TestNoManifestOfAnOverlayIsStoredOutsideOfTheTenant(t *testing.T) {
	c := claims(t, "A manifest in an overlay, of any kind of the API server, Istio, the Gateway API, cert-manager, Argo CD, "+
		"Flux, Cilium or Kyverno, is placed in the tenant's namespaces or refused by name. None is stored outside")
	server, err := cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "manifests"), Flags: everyAPI})
	require.NoError(t, err)
	defer server.Stop()
	serveKinds(t, server)
	for _, namespace := range salesNamespaces {
		answer, err := server.Admin.Do(http.MethodPost, "/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"`+namespace+`"}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	}

	source, err := newCheckout(t.TempDir())
	require.NoError(t, err)
	watchBoth(t, source)
	all, scopes := candidates(t, allVersions(t, server.Admin))
	c.note("%d manifests of %d kinds in an overlay.", len(all), scopes)
	over := newBuild(t, source)
	for _, one := range over.judge(t, all) {
		switch ok := one.placed != nil; one.want {
		case placed:
			c.verify(ok, "%s: refused: %s", one, one.refused)
		case refused:
			c.verify(!ok, "%s: placed", one)
		}
	}
	kustomize(c, source, all)
	moons := listed(c, over, all)
	store(c, server, append(all, moons...))
	overrule(c, over, all)
	narrow(c, source, server)
}

// admission is the step that says of each object whether it may be there, after
// that which says what can be read, and before that which looks at places.
const admission = 2

// kustomize has the real kustomize build the same: what the function accepts
// comes out as it said, and of the rest each object is named. Of a list, which
// the function refuses, kustomize makes the objects in it.
func kustomize(c *claim, source checkout.Checkout, all []*candidate) {
	var good, bad []*candidate
	for _, one := range all {
		known := one.resource.Namespaced && !strings.HasPrefix(one.resource.APIVersion, unknownGroup)
		stored := one.resource.Subresource() == "" && one.resource.Can("get")
		switch {
		case one.placed != nil, one.list && known && stored:
			good = append(good, one)
		case one.step == admission && !one.unreadable && (!one.list || !known):
			bad = append(bad, one)
		}
	}
	writeOverlay(c.T, source, "good", good)
	objects, err := source.Render("overlays/good")
	require.NoError(c, err)
	printed := map[string]*cluster.Object{}
	for _, object := range objects {
		for token := range tokensIn(object.GetName()) {
			printed[token] = object
		}
	}
	for _, one := range good {
		object := printed[one.token]
		if !c.verify(object != nil, "%s: kustomize prints nothing of it", one) {
			continue
		}
		if one.placed != nil {
			c.verify(cluster.ID(object) == cluster.ID(one.placed), "%s: kustomize prints %s", one, cluster.ID(object))
		}
		one.placed = object
	}
	writeOverlay(c.T, source, "bad", bad)
	_, err = source.Render("overlays/bad")
	require.Error(c, err)
	named := tokensIn(err.Error())
	for _, one := range bad {
		c.verify(named[one.token], "%s: kustomize does not name it", one)
	}
}

// store applies what was placed, and has the API server say where it is.
func store(c *claim, server *cluster.Cluster, all []*candidate) {
	stored, nowhere := 0, 0
	for _, one := range all {
		if one.placed == nil {
			continue
		}
		path, err := server.Admin.Path(one.placed)
		if err != nil {
			require.ErrorIs(c, err, cluster.ErrNoKind, "%s", one)
			nowhere++
			continue
		}
		body, err := json.Marshal(one.placed.Object)
		require.NoError(c, err)
		text := strings.ReplaceAll(string(body), "HERE", one.placed.GetNamespace())
		var answer cluster.Answer
		require.NoError(c, cluster.Eventually(patience, func() error {
			answer, err = server.Admin.Do(http.MethodPatch, path+"?fieldManager=e2e&force=true", text)
			if answer.Code == http.StatusTooManyRequests { // the definition is new
				return answer.Error()
			}
			return err
		}))
		switch {
		case answer.Code == http.StatusNotFound, answer.Code == http.StatusMethodNotAllowed,
			answer.Code == http.StatusUnprocessableEntity && (one.variant == clusters || one.resource.Kind == proved):
			nowhere++
			continue
		}
		if !c.verify(answer.Error() == nil, "%s: nobody knows where it would be: %v", one, answer.Error()) {
			continue
		}
		object := &cluster.Object{}
		require.NoError(c, json.Unmarshal(answer.Body, &object.Object))
		stored++
		c.verify(isOwn(object), "%s: is stored as %s", one, cluster.ID(object))
	}
	var everything []*cluster.Object
	require.NoError(c, cluster.Eventually(patience, func() (err error) {
		everything, err = server.Admin.Everything()
		return err
	}))
	// Controllers add Pods and Events, as many as their time allows. Each carries the
	// name of the candidate that it was made for.
	outside := map[string][]string{}
	for _, object := range everything {
		if isOwn(object) {
			continue
		}
		for token := range tokensIn(object.GetName()) {
			outside[token] = append(outside[token], cluster.ID(object))
		}
	}
	for _, one := range all {
		if one.placed != nil {
			c.verify(len(outside[one.token]) == 0, "%s: is stored outside of the tenant: %s", one, outside[one.token])
		}
	}
	c.note("The API server stored %d of them, and has no such kind, or nothing to create, for %d.", stored, nowhere)
	require.Greater(c, stored, 500)
}

// listed is what becomes of a kind that nobody knows once tenant.yaml lists it.
func listed(c *claim, over build, all []*candidate) (moons []*candidate) {
	for _, one := range all {
		if one.resource.Kind == "Moon" && one.object["kind"] == "Moon" && one.variant == variants[0].name {
			moon := *one
			moon.refused = ""
			moons = append(moons, &moon)
		}
	}
	for _, one := range over.judge(c.T, moons, "Moon."+unknownGroup) {
		c.verify(one.placed != nil, "%s: refused although it is listed: %s", one, one.refused)
	}
	require.NotEmpty(c, moons)
	return moons
}

// isOwn says whether an object is the tenant's by where the API server has it.
func isOwn(o *cluster.Object) bool {
	if o.GetNamespace() != "" {
		return slices.Contains(salesNamespaces, o.GetNamespace())
	}
	return slices.Contains(allowedKinds, o.GetKind()) && strings.HasSuffix(o.GetName(), "-"+salesNamespaces[0])
}

// overrule lists every kind without a namespace in tenant.yaml: it helps none.
func overrule(c *claim, over build, all []*candidate) {
	var kinds []string
	for _, one := range all {
		group, _, _ := strings.Cut(one.resource.APIVersion, "/")
		kind := one.resource.Kind + "." + group
		if !one.resource.Namespaced && one.resource.Subresource() == "" && strings.Contains(group, ".") && group != unknownGroup && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	_, stderr := over.run(c.T, nil, kinds...)
	for _, kind := range kinds {
		c.verify(strings.Contains(stderr, `found "`+kind+`": a kind that has no namespace`), "%s is accepted under spec.namespacedKinds", kind)
	}
	require.Greater(c, len(kinds), 50)
}

// writeOverlay copies the overlay of sales, and adds objects to it.
func writeOverlay(t *testing.T, source checkout.Checkout, name string, all []*candidate) {
	t.Helper()
	require.NoError(t, source.CopyTenant("sales", name))
	var text strings.Builder
	for _, one := range all {
		document, err := json.Marshal(one.object)
		require.NoError(t, err)
		fmt.Fprintf(&text, "---\n%s\n", document)
	}
	dir := filepath.Join(source.Dir, "overlays", name)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "manifests.yaml"), []byte(text.String()), 0o644))
	add(t, dir, "manifests.yaml")
}

// watchBoth has the control plane of sales watch its own namespace, too. Where
// it does not, an object of Istio's there is moved or refused for what it means,
// so that the thousands of this test would be in one another's way.
func watchBoth(t *testing.T, source checkout.Checkout) {
	t.Helper()
	file := filepath.Join(source.Dir, "overlays/sales/tenant.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	changed := strings.Replace(string(text), "spec:\n", "spec:\n  discovery: selectors\n", 1)
	require.NotEqual(t, string(text), changed)
	require.NoError(t, os.WriteFile(file, []byte(changed), 0o644))
}

// add lists a file under resources of a directory's kustomization.
func add(t *testing.T, dir, file string) {
	t.Helper()
	kustomization, err := os.ReadFile(filepath.Join(dir, "kustomization.yaml"))
	require.NoError(t, err)
	added := strings.Replace(string(kustomization), "resources:\n", "resources:\n- "+file+"\n", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(added), 0o644))
}

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// upstreamAddons copies the files of Istio's own addons into a checkout, with the
// kustomization of docs/addons.md, and returns how an overlay lists them.
func upstreamAddons(t *testing.T, source checkout.Checkout) string {
	t.Helper()
	page, err := os.ReadFile("../docs/addons.md")
	require.NoError(t, err)
	_, text, found := strings.Cut(string(page), "# upstream/kustomization.yaml, which an overlay lists\n")
	require.True(t, found)
	text, _, _ = strings.Cut(text, "```")
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio")
	list.Dir = ".." // whose go.mod says which version
	module, err := list.Output()
	require.NoError(t, err)
	dir := filepath.Join(source.Dir, "upstream-addons")
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(strings.TrimSpace(string(module)), "samples/addons"))))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o644))
	return "../../upstream-addons"
}

// addonAccounts are those that have rights.
var addonAccounts = []string{"kiali", "prometheus"}

// withAddons renders a tenant with further resources, applies what these bring,
// and removes it when the test ends.
func withAddons(t *testing.T, w *world, tenant *tenant, resource string) []*cluster.Object {
	t.Helper()
	overlay := tenant.name + "-with-addons"
	require.NoError(t, w.source.CopyTenant(tenant.name, overlay))
	t.Cleanup(func() { os.RemoveAll(filepath.Join(w.source.Dir, "overlays", overlay)) })
	require.NoError(t, w.source.List(overlay, resource))
	objects, err := w.source.Render("overlays/" + overlay)
	require.NoError(t, err)
	known := map[string]bool{}
	for _, o := range tenant.objects {
		known[cluster.ID(o)] = true
	}
	brought := slices.DeleteFunc(objects, func(o *cluster.Object) bool { return known[cluster.ID(o)] })
	require.NotEmpty(t, brought)
	_, err = w.cluster.Admin.Apply(brought)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(brought)) })
	return brought
}

func TestAddons(t *testing.T) {
	c := claims(t, "Prometheus, Grafana, Kiali and Jaeger of a tenant, as shipped and from upstream's files, apply cleanly in every mode of discovery and share no object with another tenant. Their accounts have no right in the cluster or in another tenant, write nowhere, and read in istiod's namespace only what its administrators can read")
	w := theWorld(t)
	upstream := upstreamAddons(t, w.source)
	owner := map[string]string{}
	for _, test := range []struct{ tenant, resource string }{
		{"sales", "../../bases/istio/addons"}, {"fin", "../../bases/istio/addons"}, // namespace, proxy
		{"dev", upstream}, {"ops", upstream}, // namespace, selectors
	} {
		tenant := w.tenants[test.tenant]
		brought := withAddons(t, w, tenant, test.resource)
		for _, o := range brought {
			id := o.GetAPIVersion() + " " + cluster.ID(o)
			c.verify(owner[id] == "", "%s is of %s and of %s", id, owner[id], tenant.name)
			owner[id] = tenant.name
			c.verify(slices.Contains(tenant.namespaces(), o.GetNamespace()), "%s is not in a namespace of %s", id, tenant.name)
		}
		for _, account := range addonAccounts {
			accountIsConfined(t, c, w, tenant, account)
		}
	}
}

// besideIstiod are rights of addons that administrators have not got there: none
// of them says more than what the cluster's DNS and the mesh say anyway.
var besideIstiod = []string{"namespaces", "gateway.networking.k8s.io/*", "inference.networking.k8s.io/*", "replicationcontrollers", "extensions/"}

// accountIsConfined asks the API server for all that an addon's account may do.
func accountIsConfined(t *testing.T, c *claim, w *world, tenant *tenant, account string) {
	t.Helper()
	token, err := w.cluster.ServiceAccountToken(tenant.applications[0], account)
	require.NoError(t, err)
	everybody, err := w.cluster.ServiceAccountToken(tenant.applications[0], "default")
	require.NoError(t, err)
	client, plain := w.cluster.WithToken(token), w.cluster.WithToken(everybody)
	for _, namespace := range w.outside(tenant.name) {
		c.verify(slices.Equal(rulesIn(t, client, namespace), rulesIn(t, plain, namespace)), "%s of %s has rights in %s", account, tenant.name, namespace)
	}
	own := 0
	for _, namespace := range tenant.namespaces() {
		for _, right := range rulesIn(t, client, namespace) {
			if slices.Contains(rulesIn(t, plain, namespace), right) {
				continue
			}
			own++
			verb, resource, _ := strings.Cut(right, " ")
			c.verify(slices.Contains([]string{"get", "list", "watch"}, verb), "%s of %s may %s in %s", account, tenant.name, right, namespace)
			if namespace != tenant.controlPlane || slices.ContainsFunc(besideIstiod, func(p string) bool { return strings.HasPrefix(resource, p) }) {
				continue
			}
			allowed := administratorsMay(t, w, tenant, verb, resource)
			c.verify(allowed, "%s of %s may %s beside istiod, and its administrator may not", account, tenant.name, right)
		}
	}
	require.NotZero(t, own, "%s of %s", account, tenant.name)
}

// administratorsMay asks for a tenant's administrator, beside istiod. He has
// Istio's kinds one by one.
func administratorsMay(t *testing.T, w *world, tenant *tenant, verb, right string) bool {
	t.Helper()
	group, resource, grouped := strings.Cut(right, "/")
	if !grouped || group == "pods" {
		group, resource = "", right
	}
	resources := []string{resource}
	if resource == "*" {
		resources = kindsOf[group]
		require.NotEmpty(t, resources, group)
	}
	for _, r := range resources {
		allowed, err := may(w.cluster, tenant.admin, verb, group, r, tenant.controlPlane)
		require.NoError(t, err)
		if !allowed {
			return false
		}
	}
	return true
}

var kindsOf = map[string][]string{
	"extensions.istio.io": {"wasmplugins"},
	"networking.istio.io": {"destinationrules", "envoyfilters", "gateways", "proxyconfigs", "serviceentries", "sidecars", "virtualservices", "workloadentries", "workloadgroups"},
	"security.istio.io":   {"authorizationpolicies", "peerauthentications", "requestauthentications"},
	"telemetry.istio.io":  {"telemetries"},
}

// rulesIn are a client's rights in a namespace, in the form "get apps/deployments".
func rulesIn(t *testing.T, client *cluster.Client, namespace string) []string {
	t.Helper()
	body := fmt.Sprintf(`{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","spec":{"namespace":%q}}`, namespace)
	answer := send(t, client, http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body)
	require.NoError(t, answer.Error())
	var review struct {
		Status struct {
			ResourceRules []struct{ Verbs, APIGroups, Resources, ResourceNames []string }
		}
	}
	require.NoError(t, json.Unmarshal(answer.Body, &review))
	var rights []string
	for _, rule := range review.Status.ResourceRules {
		for _, verb := range rule.Verbs {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					if group != "" {
						resource = group + "/" + resource
					}
					rights = append(rights, strings.TrimSpace(verb+" "+resource+" "+strings.Join(rule.ResourceNames, " ")))
				}
			}
		}
	}
	slices.Sort(rights)
	return slices.Compact(rights)
}

func TestAddonsAreOpenedByTheTenantsAdministratorAndAreNotIstiod(t *testing.T) {
	c := claims(t, "A tenant's administrator can open the addons with a port-forward, and cannot open one to istiod. Kiali's token does not give access to istiod's debug pages, and everybody of the tenant can read istiod's version, as Kiali does")
	w := theWorld(t)
	for _, name := range []string{"sales", "fin"} {
		tenant := w.tenants[name]
		withAddons(t, w, tenant, "../../bases/istio/addons")
		forward := func(namespace string) bool {
			allowed, err := may(w.cluster, tenant.admin, "create", "", "pods/portforward", namespace)
			require.NoError(t, err)
			return allowed
		}
		c.verify(forward(tenant.applications[0]), "the administrator of %s does not reach its addons", name)
		c.verify(!forward(tenant.controlPlane), "the administrator of %s reaches into istiod's Pod", name)
		ofMesh, err := tenant.istiod.ProxyToken(tenant.applications[0], "kiali")
		require.NoError(t, err)
		ofCluster, err := w.cluster.ServiceAccountToken(tenant.applications[0], "kiali")
		require.NoError(t, err)
		istiods, err := tenant.istiod.ProxyToken(tenant.controlPlane, tenant.istiod.ServiceAccount)
		require.NoError(t, err)
		for _, page := range []struct {
			path, token string
			want        int
		}{
			{"/version", "", http.StatusOK},
			{"/debug/syncz", "", http.StatusUnauthorized},
			{"/debug/syncz", ofCluster, http.StatusUnauthorized},
			{"/debug/syncz", ofMesh, http.StatusForbidden},
			{"/debug/krtz", ofMesh, http.StatusForbidden},
			{"/debug/configz", ofMesh, http.StatusForbidden},
			{"/debug/syncz", istiods, http.StatusOK}, // so that the answers above are about who asks
		} {
			got := statusOf(t, "http://"+tenant.istiod.IP+":15014"+page.path, page.token)
			c.verify(got == page.want, "%s of %s's istiod: %d, not %d", page.path, name, got, page.want)
		}
	}
}

// statusOf is the status of an answer.
func statusOf(t *testing.T, url, token string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	return response.StatusCode
}

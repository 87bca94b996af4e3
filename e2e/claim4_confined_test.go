package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTheControlPlaneIsConfined(t *testing.T) {
	c := claims(t, "With istiod's own token: no read outside the tenant (`namespace`, `proxy`), no write outside it (every mode)")
	w := theWorld(t)
	resources, err := w.cluster.Admin.Resources()
	require.NoError(t, err)
	for _, row := range []struct {
		tenant    string
		selectors bool // its mesh has discoverySelectors
		reads     bool // may read the cluster, as they need where nothing else helps
	}{{"sales", false, false}, {"ops", true, true}, {"fin", true, false}} {
		tenant := w.tenants[row.tenant]
		client := w.cluster.WithToken(tenant.istiod.Token)
		require.Equal(t, row.selectors, hasSelectors(tenant.objects), "the mode of %s", row.tenant)
		for _, r := range resources {
			if !r.Namespaced {
				continue
			}
			for _, namespace := range w.outside(row.tenant) {
				for _, request := range requests(r, namespace) {
					if request.reads && row.reads {
						continue
					}
					answer, err := client.Do(request.method, request.path, request.body)
					require.NoError(t, err)
					c.verify(answer.Code == 403, "istiod of %s: %s %s: %d %s", row.tenant, request.method, request.path, answer.Code, answer.Message())
				}
			}
			if r.Can("list") && !row.reads {
				answer, err := client.Do("GET", r.Collection(""), "")
				require.NoError(t, err)
				c.verify(answer.Code == 403, "istiod of %s lists %s of the cluster: %d", row.tenant, r.Name, answer.Code)
			}
		}
	}
}

// The kinds that have no namespace: what istiod may do with them is this list.
func TestTheControlPlaneWritesNothingOfTheCluster(t *testing.T) {
	c := claims(t, "With istiod's own token: of the kinds without a namespace, only a short list is readable, and only its own webhooks are writable")
	w := theWorld(t)
	short := []string{"customresourcedefinitions", "ingressclasses", "gatewayclasses"}
	long := append([]string{"namespaces", "nodes", "gatewayclasses/status", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"}, short...)
	readable := map[string][]string{"sales": long, "ops": long, "fin": short}
	// Questions that the API server answers and does not keep. Everybody may ask
	// about himself.
	questions := map[string]bool{"tokenreviews": true, "subjectaccessreviews": true,
		"selfsubjectaccessreviews": true, "selfsubjectrulesreviews": true, "selfsubjectreviews": true}
	resources, err := w.cluster.Admin.Resources()
	require.NoError(t, err)
	for _, name := range []string{"sales", "ops", "fin"} {
		client := w.cluster.WithToken(w.tenants[name].istiod.Token)
		for _, r := range resources {
			if r.Namespaced {
				continue
			}
			for _, request := range requests(r, "") {
				if (request.reads && slices.Contains(readable[name], r.Name)) || questions[r.Name] {
					continue
				}
				answer, err := client.Do(request.method, request.path, request.body)
				require.NoError(t, err)
				c.verify(answer.Code == 403, "istiod of %s: %s %s: %d %s", name, request.method, request.path, answer.Code, answer.Message())
			}
		}
		for _, other := range w.others(name) {
			for _, object := range other.objects {
				if !strings.HasSuffix(object.GetKind(), "WebhookConfiguration") {
					continue
				}
				path, err := w.cluster.Admin.Path(object)
				require.NoError(t, err)
				answer, err := client.Do("PATCH", path, label)
				require.NoError(t, err)
				c.verify(answer.Code == 403, "istiod of %s patches the other's %s: %d", name, cluster.ID(object), answer.Code)
			}
		}
	}
}

func hasSelectors(objects []*cluster.Object) bool {
	for _, object := range objects {
		mesh, _, _ := unstructured.NestedString(object.Object, "data", "mesh")
		if strings.Contains(mesh, "discoverySelectors:") {
			return true
		}
	}
	return false
}

type request struct {
	method, path, body string
	reads              bool
}

// requests are every way to use a resource. They name no existing object and
// create none: what is authorized gets another answer than 403.
func requests(r cluster.Resource, namespace string) []request {
	const name = "not-there"
	var all []request
	add := func(verb string, request request) {
		if r.Can(verb) {
			all = append(all, request)
		}
	}
	if r.Subresource() == "" {
		add("list", request{"GET", r.Collection(namespace), "", true})
		add("create", request{"POST", r.Collection(namespace), "{}", false})
		add("deletecollection", request{"DELETE", r.Collection(namespace) + "?labelSelector=not=there", "", false})
		add("delete", request{"DELETE", r.Item(namespace, name), "", false})
	} else {
		add("create", request{"POST", r.Item(namespace, name), "{}", false})
	}
	add("get", request{"GET", r.Item(namespace, name), "", true})
	add("update", request{"PUT", r.Item(namespace, name), "{}", false})
	add("patch", request{"PATCH", r.Item(namespace, name), "{}", false})
	return all
}

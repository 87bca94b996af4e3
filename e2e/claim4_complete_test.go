package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTwoTenantsWithEverything(t *testing.T) {
	c := claims(t, "Two tenants with everything, the example and a copy that its page creates, with the shipped addons and with upstream's: Bookinfo, two gateways, "+
		"Prometheus, Grafana, Kiali and Jaeger apply strictly, and a second time without a change. Each Deployment gets its Pods, with proxies of "+
		"its own istiod. No object belongs to both tenants, and no account has a right to a kind with a namespace outside of its tenant")
	w := theWorld(t)
	p := newPage(t, "examples/complete/README.md")
	for _, command := range p.commands {
		if strings.HasPrefix(command, "kubectl") {
			continue // the tests apply what the kustomize CLI prints
		}
		out, err := p.run(command)
		require.NoError(t, err, "%s\n%s", command, out)
		require.NotContains(t, out, "warning", command)
	}
	both := []*tenant{
		{name: "bookshop", controlPlane: "istio-bookshop", applications: []string{"bookshop"}},                     // namespace
		{name: "bookfair", controlPlane: "istio-bookfair", applications: []string{"bookfair", "bookfair-archive"}}, // proxy
	}
	folders := map[string]string{"bookshop": "examples/complete", "bookfair": "overlays/bookfair"}
	require.NoError(t, errors.Join(
		p.source.Edit("bookfair", "spec:\n", "spec:\n  applicationNamespaces: [bookfair, bookfair-archive]"+byProxy+"\n"),
		p.source.Add("bookfair", withProxy),
	))
	for _, round := range []struct{ what, addons string }{{"as shipped", ""}, {"with upstream's addons", upstreamAddons(t, p.source)}} {
		for _, tenant := range both {
			if round.addons != "" {
				file := filepath.Join(p.source.Dir, folders[tenant.name], "kustomization.yaml")
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				require.Contains(t, string(text), "../../bases/istio/addons")
				require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "../../bases/istio/addons", round.addons)), 0o644))
			}
			var err error
			tenant.objects, err = p.source.Render(folders[tenant.name])
			require.NoError(t, err)
		}
		withEverything(t, c, w, round.what, both)
	}
}

// withEverything applies two tenants, looks at them as they run, and removes them.
func withEverything(t *testing.T, c *claim, w *world, round string, both []*tenant) {
	t.Helper()
	defer func() { remove(t, w, slices.Concat(both[0].objects, both[1].objects)) }()
	unique(c, slices.Concat(w.others(""), both, []*tenant{{name: "the cluster", objects: w.common}}))
	for i, tenant := range both {
		said := func(what string) string { return tenant.name + " " + round + ": " + what }
		c.check(said("it applies"), func(t *testing.T) {
			_, err := w.cluster.Admin.Apply(tenant.objects)
			require.NoError(t, err)
		})
		var err error
		tenant.istiod, err = w.cluster.StartIstiod(tenant.objects)
		require.NoError(t, err)
		defer tenant.istiod.Stop()
		for _, o := range tenant.objects {
			if o.GetKind() == "Deployment" && o.GetNamespace() != tenant.controlPlane {
				c.check(said(cluster.ID(o)+" gets its Pods"), func(t *testing.T) {
					// Its ReplicaSet waits longer each time that it is refused.
					require.NoError(t, cluster.Eventually(5*patience, func() error { return hasPods(w, tenant, o) }))
				})
			}
		}
		for _, gateway := range []struct {
			name string
			port int
		}{{"ingressgateway", 80}, {"egress", 8443}} {
			c.check(said(gateway.name+" listens"), func(t *testing.T) {
				require.NoError(t, cluster.Eventually(patience, func() error {
					return listensOn(w, tenant.istiod, tenant.applications[0], gateway.port, map[string]string{"istio": gateway.name})
				}))
			})
		}
		c.check(said("a second apply changes nothing"), func(t *testing.T) {
			settled(t, w.cluster, tenant)
			unchanged(t, w.cluster, tenant.objects)
		})
		rightsEndAtTheTenant(t, c, w, tenant, append(w.outside(""), both[1-i].namespaces()...))
	}
}

// hasPods is an error unless a Deployment has Pods, and these have proxies of the
// tenant's istiod, if it is one that is injected.
func hasPods(w *world, tenant *tenant, deployment *cluster.Object) error {
	labels, _, _ := unstructured.NestedStringMap(deployment.Object, "spec", "selector", "matchLabels")
	var selector []string
	for key, value := range labels {
		selector = append(selector, key+"="+value)
	}
	pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + deployment.GetNamespace() + "/pods?labelSelector=" + strings.Join(selector, ","))
	if err == nil && len(pods) == 0 {
		err = fmt.Errorf("%s has no Pod", cluster.ID(deployment))
	}
	inject, _, _ := unstructured.NestedString(deployment.Object, "spec", "template", "metadata", "labels", "sidecar.istio.io/inject")
	for _, pod := range pods {
		if inject == "false" {
			continue
		}
		text, _ := pod.MarshalJSON()
		err = errors.Join(err, proxied(pod), contains(string(text), "istiod-"+tenant.name+"."+tenant.controlPlane+".svc"))
	}
	return err
}

// rightsEndAtTheTenant looks at the rendered ClusterRoles, and asks the API server for
// the rights of each account of the tenant in namespaces of others. What it has there
// that not everybody has must be about kinds without a namespace.
func rightsEndAtTheTenant(t *testing.T, c *claim, w *world, tenant *tenant, outside []string) {
	t.Helper()
	served, err := w.cluster.Admin.Resources()
	require.NoError(t, err)
	ofTheCluster := map[string]bool{}
	for _, r := range served {
		name := r.Name
		if group, _, found := strings.Cut(r.APIVersion, "/"); found {
			name = group + "/" + name
		}
		ofTheCluster[name] = !r.Namespaced
	}
	roles := map[string]bool{}
	for _, o := range tenant.objects {
		if o.GetKind() != "ClusterRole" {
			continue
		}
		roles[o.GetName()] = true
		var role struct{ Rules []rule }
		text, err := o.MarshalJSON()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &role))
		for _, rule := range role.Rules {
			for _, right := range rule.rights("") {
				c.verify(ofTheCluster[strings.TrimPrefix(right.group+"/"+right.resource, "/")], "%s: %s", cluster.ID(o), right)
			}
		}
	}
	for _, o := range tenant.objects {
		if o.GetKind() == "ClusterRoleBinding" {
			name, _, _ := unstructured.NestedString(o.Object, "roleRef", "name")
			c.verify(roles[name], "%s is to %s, which is not the tenant's", cluster.ID(o), name)
		}
	}
	token, err := w.cluster.ServiceAccountToken("default", "default")
	require.NoError(t, err)
	anybody := w.cluster.WithToken(token)
	everybodys := map[string][]string{}
	for _, namespace := range outside {
		everybodys[namespace] = rulesIn(t, anybody, namespace)
	}
	accounts := 0
	for _, own := range tenant.namespaces() {
		items, err := w.cluster.Admin.Items("/api/v1/namespaces/" + own + "/serviceaccounts")
		require.NoError(t, err)
		for _, account := range items {
			accounts++
			token, err := w.cluster.ServiceAccountToken(own, account.GetName())
			require.NoError(t, err)
			client := w.cluster.WithToken(token)
			for _, namespace := range outside {
				beyond := ""
				for _, right := range rulesIn(t, client, namespace) {
					if resource := strings.Fields(right)[1]; !slices.Contains(everybodys[namespace], right) && !ofTheCluster[resource] {
						beyond = right
					}
				}
				c.verify(beyond == "", "%s may %s in %s", cluster.ID(account), beyond, namespace)
			}
		}
	}
	c.note("%s has %d objects and %d accounts, which were asked about in %d namespaces of others.", tenant.name, len(tenant.objects), accounts, len(outside))
}

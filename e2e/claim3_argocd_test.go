package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// project is what an AppProject of the examples lets a tenant's Applications have.
type project struct {
	DestinationServiceAccounts []struct{ Namespace, DefaultServiceAccount string }
	NamespaceResourceWhitelist []struct{ Group, Kind string }
	ClusterResourceWhitelist   []struct{ Group, Kind string }
}

func (p project) lists(group, kind string) bool {
	for _, k := range p.NamespaceResourceWhitelist {
		if k.Group == group && (k.Kind == kind || k.Kind == "*") {
			return true
		}
	}
	return false
}

// beyondTheList are the kinds that the role admin may create and that the project
// does not list. The list alone keeps them out of a tenant's repository.
var beyondTheList = []string{
	"Event.",
	"Event.events.k8s.io",
	"Lease.coordination.k8s.io",
	"LocalSubjectAccessReview.authorization.k8s.io", // answers, and is not stored
	"NetworkPolicy.networking.k8s.io",
	"ReplicationController.",
	"ResourceClaim.resource.k8s.io",
	"ResourceClaimTemplate.resource.k8s.io",
	"Role.rbac.authorization.k8s.io",
	"RoleBinding.rbac.authorization.k8s.io",
}

func TestArgoCDActsAsTheTenant(t *testing.T) {
	c := claims(t, "The account with which Argo CD syncs a tenant's Applications has no right to kinds that its project does not list, except "+
		"for a few kinds. It has no right in another namespace or in the cluster, and cannot take over an address of others")
	alone, sales, source := onlySales(t)
	_, err := alone.Admin.Apply(sales.objects)
	require.NoError(t, err)

	c.check("Argo CD's own definitions take the examples, strictly", func(t *testing.T) {
		_, err := alone.Admin.Apply(definitions(t, "argo-cd"))
		require.NoError(t, err)
		_, err = alone.Admin.Apply(parse(t, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"argocd"}}`))
		require.NoError(t, err)
		text, err := source.Build("examples/argocd")
		require.NoError(t, err)
		_, err = alone.Admin.Apply(parse(t, string(text)))
		require.NoError(t, err)
	})
	text, err := os.ReadFile(filepath.Join(source.Dir, "examples/argocd/impersonation/account.yaml"))
	require.NoError(t, err)
	_, err = alone.Admin.Apply(append(parse(t, string(text)), ofTheTenant(t, source, "sales")...))
	require.NoError(t, err)
	stored, err := alone.Admin.Get("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/tenant-sales")
	require.NoError(t, err)
	spec, err := json.Marshal(stored.Object["spec"])
	require.NoError(t, err)
	var listed project
	require.NoError(t, json.Unmarshal(spec, &listed))
	require.Len(t, listed.DestinationServiceAccounts, 1)
	require.Empty(t, listed.ClusterResourceWhitelist)
	namespace, name, _ := strings.Cut(listed.DestinationServiceAccounts[0].DefaultServiceAccount, ":")
	require.Equal(t, "ns-1", namespace)
	accountToken, err := alone.ServiceAccountToken(namespace, name)
	require.NoError(t, err)
	account := alone.WithToken(accountToken)
	require.NoError(t, cluster.Eventually(patience, func() error { // the role admin is aggregated
		answer, err := account.Do("GET", "/api/v1/namespaces/ns-1/services", "")
		if err != nil {
			return err
		}
		return answer.Error()
	}))

	const externalIPs = `"spec":{"ports":[{"port":53}],"externalIPs":["10.96.0.10"]}`
	service := object("v1", "Service", "attack", externalIPs)
	c.check("a Service with externalIPs passes with the account of the platform, as with Argo CD's own", func(t *testing.T) {
		platform, err := alone.ServiceAccountToken("argocd", "tenancy")
		require.NoError(t, err)
		answer, err := alone.WithToken(platform).Do("POST", "/api/v1/namespaces/ns-1/services", service)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		answer, err = alone.Admin.Do("DELETE", "/api/v1/namespaces/ns-1/services/attack", "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
	c.check("and with the tenant's it is refused by the policy", func(t *testing.T) {
		answer, err := account.Do("POST", "/api/v1/namespaces/ns-1/services", service)
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, answer.Code)
		require.Contains(t, answer.Message(), "istio-tenancy-services")
	})
	for _, body := range []string{
		object("v1", "ConfigMap", "fine", ""), object("v1", "Service", "fine", `"spec":{"ports":[{"port":80}]}`),
	} {
		c.check("what an application needs is applied", func(t *testing.T) {
			for _, o := range parse(t, strings.Replace(body, `"name":"fine"`, `"name":"fine","namespace":"ns-1"`, 1)) {
				_, err := account.Apply([]*cluster.Object{o})
				require.NoError(t, err)
			}
		})
	}

	resources, err := alone.Admin.Resources()
	require.NoError(t, err)
	var beyond []string
	for _, r := range resources {
		if r.Subresource() != "" || !r.Can("create") {
			continue
		}
		group, _, found := strings.Cut(r.APIVersion, "/")
		if !found {
			group = ""
		}
		body := object(r.APIVersion, r.Kind, "attack", "")
		if !r.Namespaced {
			if r.Can("list") { // the others are reviews, which answer whoever asks about itself
				answer, err := account.Do("POST", r.Collection("")+"?dryRun=All", body)
				require.NoError(t, err)
				c.verify(answer.Code == http.StatusForbidden, "create %s: %d %s", r.Kind, answer.Code, answer.Message())
			}
			continue
		}
		for _, other := range []string{"istio-system1", "default", "argocd"} {
			answer, err := account.Do("POST", r.Collection(other)+"?dryRun=All", body)
			require.NoError(t, err)
			c.verify(answer.Code == http.StatusForbidden, "create %s in %s: %d %s", r.Kind, other, answer.Code, answer.Message())
		}
		answer, err := account.Do("POST", r.Collection("ns-1")+"?dryRun=All", body)
		require.NoError(t, err)
		switch refused := answer.Code == http.StatusForbidden; {
		case listed.lists(group, r.Kind):
			c.verify(!refused, "create %s, which the project lists: %s", r.Kind, answer.Message())
		case slices.Contains(beyondTheList, r.Kind+"."+group):
			c.verify(!refused, "create %s, which is said to be allowed: %s", r.Kind, answer.Message())
			beyond = append(beyond, r.Kind+"."+group)
		default:
			c.verify(refused, "create %s, which the project does not list: %d %s", r.Kind, answer.Code, answer.Message())
		}
	}
	slices.Sort(beyond)
	require.Equal(t, beyondTheList, beyond)
}

// ofTheTenant are the project and the accounts of a tenant, as the ApplicationSet has
// Argo CD build them, with the library of which Argo CD has the functions of a template.
func ofTheTenant(t *testing.T, source checkout.Checkout, tenant string) []*cluster.Object {
	t.Helper()
	var set struct {
		Spec struct{ TemplatePatch string }
	}
	var parameters map[string]any
	for path, into := range map[string]any{"examples/argocd/tenant-projects.yaml": &set, "overlays/" + tenant + "/tenant.yaml": &parameters} {
		text, err := os.ReadFile(filepath.Join(source.Dir, path))
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(text, into), path)
	}
	parsed, err := template.New("").Option("missingkey=error").Funcs(sprig.TxtFuncMap()).Parse(set.Spec.TemplatePatch)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, parsed.Execute(&out, parameters))
	var patch struct {
		Spec struct {
			Sources []struct {
				Path      string
				Kustomize map[string]any
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(out.Bytes(), &patch))
	var all []*cluster.Object
	for i, s := range patch.Spec.Sources {
		s.Kustomize["resources"] = []string{"../" + s.Path}
		text, err := yaml.Marshal(s.Kustomize)
		require.NoError(t, err)
		dir := filepath.Join(source.Dir, fmt.Sprintf("source-%d", i))
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), text, 0o600))
		out, err := source.Build(dir)
		require.NoError(t, err)
		all = append(all, parse(t, string(out))...)
	}
	return all
}

func parse(t *testing.T, text string) []*cluster.Object {
	t.Helper()
	objects, err := cluster.Parse([]byte(text))
	require.NoError(t, err)
	return objects
}

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

const (
	manyTenants = 50
	neighbours  = 7 // how many others each tenant is tried on
)

func TestFiftyTenantsOfOneAPIServerAreIsolatedPairwise(t *testing.T) {
	c := claims(t, "Fifty tenants on one API server apply cleanly and are isolated pairwise")
	source, err := newCheckout(t.TempDir())
	require.NoError(t, err)
	many := make([]*tenant, manyTenants)
	for i := range many {
		name := fmt.Sprintf("t%02d", i)
		many[i] = &tenant{name: name, admin: name + "-admin", controlPlane: "istio-" + name, applications: []string{"app-" + name}}
		require.NoError(t, source.CopyTenant("sales", name, "sales", name, "istio-system1", "istio-"+name, "ns-1", "app-"+name))
	}

	start := time.Now()
	size := renderAll(t, source, many)
	c.note("Rendered %d tenants in %.1f s: %d objects, %.1f MB.", manyTenants, time.Since(start).Seconds(), count(many), float64(size)/1e6)

	fifty, err := cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "fifty")})
	require.NoError(t, err)
	defer fifty.Stop()
	common, err := renderCommon()
	require.NoError(t, err)
	_, err = fifty.Admin.Apply(common)
	require.NoError(t, err)
	start = time.Now()
	for _, tenant := range many {
		_, err := fifty.Admin.Apply(tenant.objects)
		c.verify(err == nil, "apply %s: %v", tenant.name, err)
	}
	c.note("Applied them in %.1f s.", time.Since(start).Seconds())
	unique(c, many)

	start = time.Now()
	require.NoError(t, cluster.Eventually(patience, func() error {
		allowed, err := may(fifty, many[0].admin, "create", "networking.istio.io", "virtualservices", many[0].applications[0])
		if err == nil && !allowed {
			err = fmt.Errorf("the ClusterRole admin is not aggregated yet")
		}
		return err
	}))
	asked := 0
	for i, tenant := range many {
		istiod := "system:serviceaccount:" + tenant.controlPlane + ":istiod-" + tenant.name
		for _, own := range []struct{ user, verb, group, resource, namespace string }{
			{tenant.admin, "create", "apps", "deployments", tenant.applications[0]},
			{tenant.admin, "list", "", "pods", tenant.controlPlane},
			{istiod, "watch", "", "services", tenant.applications[0]},
			{istiod, "update", "coordination.k8s.io", "leases", tenant.controlPlane},
		} {
			allowed, err := may(fifty, own.user, own.verb, own.group, own.resource, own.namespace)
			require.NoError(t, err)
			c.verify(allowed, "%+v is refused", own)
			asked++
		}
		for n := range neighbours {
			other := many[(i+1+n*n)%manyTenants] // 1, 2, 5, 10, 17, 26, 37 further
			for _, namespace := range other.namespaces() {
				for _, user := range []string{tenant.admin, istiod} {
					for _, on := range [][3]string{
						{"list", "", "secrets"}, {"get", "", "configmaps"}, {"list", "", "pods"}, {"create", "apps", "deployments"},
						{"update", "networking.istio.io", "virtualservices"}, {"patch", "", "namespaces"},
						{"create", "", "serviceaccounts/token"},
					} {
						allowed, err := may(fifty, user, on[0], on[1], on[2], namespace)
						require.NoError(t, err)
						c.verify(!allowed, "%s may %s %s in %s", user, on[0], on[2], namespace)
						asked++
					}
				}
			}
		}
	}
	c.note("Asked %d SubjectAccessReviews in %.1f s.", asked, time.Since(start).Seconds())
}

// renderAll renders the tenants as the README says for many of them, and returns
// the size in bytes.
func renderAll(t *testing.T, source checkout.Checkout, many []*tenant) (size int) {
	t.Helper()
	args := []string{"render", "--quiet", "--output", "rendered"}
	for _, tenant := range many {
		args = append(args, "overlays/"+tenant.name)
	}
	cmd := exec.Command(filepath.Join(source.Tools, "istio-tenancy"), args...)
	cmd.Dir = source.Dir
	printed, err := cmd.CombinedOutput()
	require.NoError(t, err, string(printed))
	for _, tenant := range many {
		text, err := os.ReadFile(filepath.Join(source.Dir, "rendered", tenant.name, "manifests.yaml"))
		require.NoError(t, err)
		tenant.objects, err = cluster.Parse(text)
		require.NoError(t, err)
		size += len(text)
	}
	return size
}

func count(many []*tenant) (n int) {
	for _, tenant := range many {
		n += len(tenant.objects)
	}
	return n
}

// unique checks that no two tenants share an object.
func unique(c *claim, many []*tenant) {
	owner := map[string]string{}
	for _, tenant := range many {
		for _, object := range tenant.objects {
			id := object.GetAPIVersion() + " " + cluster.ID(object)
			c.verify(owner[id] == "", "%s is of %s and of %s", id, owner[id], tenant.name)
			owner[id] = tenant.name
		}
	}
}

// may asks the API server whether a user may do something.
func may(c *cluster.Cluster, user, verb, group, resource, namespace string) (bool, error) {
	review := map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
		"spec": map[string]any{"user": user, "groups": []string{"system:authenticated"},
			"resourceAttributes": attributes(verb, group, resource, namespace)},
	}
	body, err := json.Marshal(review)
	if err != nil {
		return false, err
	}
	answer, err := c.Admin.Do("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", string(body))
	if err != nil {
		return false, err
	}
	if err := answer.Error(); err != nil {
		return false, err
	}
	var result struct{ Status struct{ Allowed bool } }
	err = json.Unmarshal(answer.Body, &result)
	return result.Status.Allowed, err
}

func attributes(verb, group, resource, namespace string) map[string]any {
	a := map[string]any{"verb": verb, "group": group, "resource": resource, "namespace": namespace}
	if name, sub, ok := strings.Cut(resource, "/"); ok {
		a["resource"], a["subresource"] = name, sub
	}
	if resource == "namespaces" {
		a["name"] = namespace
	}
	return a
}

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// What a run leaves in the audit log of the API server is the proof that the
// API proxy asks in the tenant's namespaces alone.
func TestThroughTheProxyNothingIsAskedOfTheWholeCluster(t *testing.T) {
	c := claims(t, "In this run, istiod with the API proxy made no cluster-wide request for a kind that has a namespace, and was refused nothing")
	w := theWorld(t)
	fin := w.tenants["fin"]
	all, err := w.cluster.Requests(fin.istiod.User())
	require.NoError(t, err)
	asked := 0
	var foreign []string
	for _, r := range all {
		if r.Agent == cluster.Agent {
			continue
		}
		asked++
		if r.Namespace != "" && !slices.Contains(fin.namespaces(), r.Namespace) {
			foreign = append(foreign, fmt.Sprintf("%s %s in %s", r.Verb, r.Resource, r.Namespace))
		}
	}
	wide, refused := clusterScope(t, w.cluster, fin.istiod.User())
	c.verify(asked > 0, "istiod of fin asked for nothing")
	c.verify(len(foreign) == 0, "in another namespace: %s", strings.Join(foreign, ", "))
	c.verify(len(wide) == 0, "of the whole cluster: %s", strings.Join(wide, ", "))
	c.verify(len(refused) == 0, "refused: %s", strings.Join(refused, ", "))
	c.note("istiod of fin made %d requests, all in its %d namespaces or of kinds that have none.", asked, len(fin.namespaces()))
}

// clusterScope are those requests of a user that are for a kind with a
// namespace and name none, and those that the API server refused. What the
// harness tries with the same token is left out.
func clusterScope(t *testing.T, c *cluster.Cluster, user string) (wide, refused []string) {
	t.Helper()
	resources, err := c.Admin.Resources()
	require.NoError(t, err)
	namespaced := map[string]bool{}
	for _, r := range resources {
		group, _, versioned := strings.Cut(r.APIVersion, "/")
		if !versioned {
			group = ""
		}
		namespaced[r.Name+"."+group] = r.Namespaced
	}
	all, err := c.Requests(user)
	require.NoError(t, err)
	for _, r := range all {
		if r.Agent != cluster.Agent && r.Namespace == "" && namespaced[r.Resource+"."+r.Group] {
			wide = append(wide, fmt.Sprintf("%s %s.%s: %d", r.Verb, r.Resource, r.Group, r.Code))
		}
	}
	for _, r := range forbidden(all) {
		refused = append(refused, fmt.Sprintf("%s %s.%s %s/%s%s", r.Verb, r.Resource, r.Group, r.Namespace, r.Name, r.NonResource))
	}
	return wide, refused
}

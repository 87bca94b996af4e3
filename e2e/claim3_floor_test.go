package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// onlySales is a cluster with the common base and no istiod, and the tenant sales,
// not applied yet, after words of its tenant.yaml were replaced.
func onlySales(t *testing.T, words ...string) (*cluster.Cluster, *tenant, checkout.Checkout) {
	t.Helper()
	source, err := newCheckout(t.TempDir())
	require.NoError(t, err)
	sales := newTenants()["sales"]
	require.NoError(t, source.Edit("sales", words...))
	sales.objects, err = source.Render("overlays/sales")
	require.NoError(t, err)
	alone, err := cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, t.Name()), Users: []string{sales.admin}})
	require.NoError(t, err)
	t.Cleanup(alone.Stop)
	common, err := renderCommon()
	require.NoError(t, err)
	_, err = alone.Admin.Apply(common)
	require.NoError(t, err)
	return alone, sales, source
}

// definitions are the CustomResourceDefinitions of a folder of the servers' module crds.
func definitions(t *testing.T, folder string) []*cluster.Object {
	t.Helper()
	objects, err := cluster.ParseFolder(binaries[folder])
	require.NoError(t, err)
	var all []*cluster.Object
	for _, o := range objects {
		if o.GetKind() == "CustomResourceDefinition" {
			all = append(all, o)
		}
	}
	require.NotEmpty(t, all, folder)
	return all
}

func TestTheFloorIsTheClusterAdministrators(t *testing.T) {
	c := claims(t, "A floor of ClusterNetworkPolicies applies strictly, and neither the tenant's administrator nor "+
		"its istiod can change it. A cluster without that kind accepts all other objects of the tenant")
	alone, sales, source := onlySales(t, "spec:\n", "spec:\n  network: {floor: true, allowFrom: [monitoring]}\n")
	var floor, rest []*cluster.Object
	for _, o := range sales.objects {
		if o.GetKind() == "ClusterNetworkPolicy" {
			floor = append(floor, o)
		} else {
			rest = append(rest, o)
		}
	}
	require.Len(t, floor, 5, "two floors, and what is passed: webhooks, metrics, deployed gateways")

	rendered := filepath.Join(source.Dir, "sales.yaml")
	text, err := source.Build("overlays/sales", "--enable-alpha-plugins", "--enable-exec")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(rendered, text, 0o600))
	for _, flags := range [][]string{{"apply", "--server-side"}, {"apply"}} {
		c.check("kubectl "+strings.Join(flags, " ")+" without the kind", func(t *testing.T) {
			out, err := alone.Kubectl(cluster.ClusterAdmin, append(flags, "-f", rendered)...)
			require.Error(t, err, out)
			require.Contains(t, out, `no matches for kind "ClusterNetworkPolicy" in version "policy.networking.k8s.io/v1alpha2"`)
			require.Contains(t, out, "ensure CRDs are installed first")
			for _, o := range rest {
				_, err := alone.Admin.Read(o)
				require.NoError(t, err)
			}
			require.NoError(t, alone.Admin.Delete(rest))
			require.NoError(t, cluster.Eventually(patience, func() error { return gone(alone, rest) }))
		})
	}
	for _, channel := range []string{"network-policy-api", "network-policy-api-experimental"} {
		c.check("applies strictly with the definition "+channel, func(t *testing.T) {
			_, err := alone.Admin.Apply(definitions(t, channel))
			require.NoError(t, err)
			// The rest is applied once: then istiod's webhook would have to answer.
			todo := floor
			if channel == "network-policy-api" {
				todo = sales.objects
			}
			stored, err := alone.Admin.Apply(todo)
			require.NoError(t, err)
			require.Len(t, stored, len(todo))
			unchanged(t, alone, floor)
		})
	}

	istiod, err := alone.ServiceAccountToken(sales.controlPlane, "istiod-sales")
	require.NoError(t, err)
	versions := map[string]string{}
	for _, o := range floor {
		stored, err := alone.Admin.Read(o)
		require.NoError(t, err)
		versions[o.GetName()] = stored.GetResourceVersion()
	}
	for who, client := range map[string]*cluster.Client{"the administrator": alone.As(sales.admin), "istiod": alone.WithToken(istiod)} {
		for _, o := range floor {
			path, err := alone.Admin.Path(o)
			require.NoError(t, err)
			collection := strings.TrimSuffix(path, "/"+o.GetName())
			open := `{"spec":{"priority":0,"ingress":null}}`
			for _, attack := range []struct{ name, method, path, body string }{
				{"updates", "PUT", path, mustText(t, o)},
				{"patches", "PATCH", path, open},
				{"applies", "PATCH", path + "?fieldManager=attack&force=true", mustText(t, o)},
				{"deletes", "DELETE", path, ""},
				{"updates the status of", "PATCH", path + "/status", `{"status":{"conditions":[]}}`},
				{"deletes all with", "DELETE", collection, ""},
				{"opens what is closed by", "POST", collection, strings.NewReplacer(o.GetName(), "before", "Deny", "Accept", "999", "0").Replace(mustText(t, o))},
			} {
				answer, err := client.Do(attack.method, attack.path, attack.body)
				require.NoError(t, err)
				c.verify(answer.Code == http.StatusForbidden, "%s %s %s: %d %s", who, attack.name, o.GetName(), answer.Code, answer.Message())
			}
		}
	}
	c.check("the administrator's NetworkPolicy is accepted that opens everything", func(t *testing.T) {
		answer, err := alone.As(sales.admin).Do("POST", "/apis/networking.k8s.io/v1/namespaces/ns-1/networkpolicies",
			object("networking.k8s.io/v1", "NetworkPolicy", "open", `"spec":{"podSelector":{},"ingress":[{}]}`))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		for _, o := range floor {
			stored, err := alone.Admin.Read(o)
			require.NoError(t, err)
			require.Equal(t, versions[o.GetName()], stored.GetResourceVersion(), o.GetName())
		}
	})
}

// gone says which of objects are there still.
func gone(c *cluster.Cluster, objects []*cluster.Object) error {
	for _, o := range objects {
		if _, err := c.Admin.Read(o); err == nil {
			return fmt.Errorf("%s is still there", cluster.ID(o))
		}
	}
	return nil
}

package check_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// TestWhoMayAccept has the acceptance of a finding about another tenant, which counts where
// those who may write it in the cluster have not.
func TestWhoMayAccept(t *testing.T) {
	route := func(accept string) string {
		return `{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "steal", "namespace": "ns-1",
			"annotations": {"istio-tenancy.dev/accept": "` + accept + `"}}, "spec": {"parentRefs": [{"name": "web", "namespace": "ns-0"}]}}`
	}
	const reason, other = "foreign-gateway: as agreed", "foreign-gateway: mine"
	for name, row := range map[string]struct {
		verbs    string
		overlay  string // what an overlay accepts
		cluster  string // what the object accepts in a dump, or in the cluster; "": it is in none
		configs  bool
		accepted bool
	}{
		"a dump":                                {"patch", "", reason, false, false},
		"a dump, by nobody who may":             {"get", "", reason, false, true},
		"a dump, by whoever may make it again":  {"get, create, delete", "", reason, false, false},
		"an overlay":                            {"patch", reason, "", true, true},
		"a cluster, beside the tenants' files":  {"patch", "", reason, true, false},
		"a cluster that is as an overlay says":  {"patch", reason, reason, true, true},
		"a cluster with another than the file":  {"patch", reason, other, true, false},
		"what nobody may write, with the files": {"get", "", reason, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			texts := []string{
				`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns-0", "labels": {"istio-tenancy.dev/tenant": "dev"}}}`,
				`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns-1", "labels": {"istio-tenancy.dev/tenant": "sales"}}}`,
				may("ns-1", "User", "sales-admin", "gateway.networking.k8s.io", "httproutes", row.verbs),
			}
			if row.overlay != "" {
				texts = append(texts, route(row.overlay))
			}
			if row.cluster != "" {
				texts = append(texts, route(row.cluster))
			}
			var configs []snapshot.Config
			for tenant, namespace := range map[string]string{"dev": "ns-0", "sales": "ns-1"} {
				var c snapshot.Config
				c.Metadata.Name, c.Spec.ApplicationNamespaces = tenant, []string{namespace}
				if row.configs {
					configs = append(configs, c)
				}
			}
			var all [][]byte
			for _, text := range texts {
				all = append(all, []byte(text))
			}
			reading, err := snapshot.OfCluster("cluster", all, configs)
			require.NoError(t, err)
			for _, o := range reading.Objects {
				if o.ID.Kind == "HTTPRoute" && row.overlay != "" {
					o.Reviewed = true // the first one, which is the overlay's
					break
				}
			}
			report := check.Judge(t.Context(), reading)
			is := map[bool]string{}
			for accepted, found := range map[bool][]check.Finding{false: report.Findings, true: report.Accepted} {
				for _, f := range found {
					if f.Rule == "foreign-gateway" {
						is[accepted] += fmt.Sprintln(f.Message)
					}
				}
			}
			require.NotEmpty(t, is[row.accepted])
			require.Empty(t, is[!row.accepted])
		})
	}
}

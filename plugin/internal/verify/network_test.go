package verify

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhoEnforcesNetworkPoliciesIsNotSaidByTenants has a server with DaemonSets.
func TestWhoEnforcesNetworkPoliciesIsNotSaidByTenants(t *testing.T) {
	set := func(namespace, name string, ready int) string {
		return fmt.Sprintf(`{"metadata": {"name": %q, "namespace": %q}, "status": {"numberReady": %d}}`, name, namespace, ready)
	}
	flannel := set("kube-flannel", "kube-flannel-ds", 3)
	for _, row := range []struct {
		name, sets, want string
		warned           bool
	}{
		{"Calico", set("kube-system", "calico-node", 3), "NetworkPolicies are enforced by Calico (DaemonSet kube-system/calico-node)", false},
		{"Calico of an operator", set("calico-system", "calico-node", 3), "NetworkPolicies are enforced by Calico (DaemonSet calico-system/calico-node)", false},
		{"Calico beside the Amazon VPC CNI", set("calico-system", "calico-node", 3) + "," + set("kube-system", "aws-node", 3),
			"NetworkPolicies are enforced by Calico (DaemonSet calico-system/calico-node), if it enforces them for Pods of the Amazon VPC CNI without its agent for policies (DaemonSet kube-system/aws-node)", false},
		{"flannel", flannel, "NetworkPolicies are not enforced", true},
		{"flannel, and a name in a tenant's namespace", flannel + "," + set("ns-1", "calico-node-x", 3), "NetworkPolicies are not enforced", true},
		{"flannel, and what runs nowhere", flannel + "," + set("kube-system", "calico-node", 0), "NetworkPolicies are not enforced", true},
		{"what runs nowhere", set("kube-system", "calico-node", 0), "it is not known whether NetworkPolicies are enforced: no Pod is ready of Calico (DaemonSet kube-system/calico-node)", false},
		{"none", "", "it is not known whether NetworkPolicies are enforced: no DaemonSet belongs to a known network plugin", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = fmt.Fprintf(w, `{"items": [%s]}`, row.sets)
			}))
			defer server.Close()
			c := connected(t, strings.TrimPrefix(server.URL, "http://"))
			v := &verifier{client: c, served: &served{client: c}, owners: map[string]string{"ns-1": "sales"}, report: &Report{}}
			v.network(t.Context())
			require.Equal(t, row.want, v.report.Enforced)
			require.Equal(t, row.warned, len(v.report.Findings) == 1, v.report.Findings)
		})
	}
}

package node_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

var open = flag.Duration("open", 0, "`time` for which TestOpen keeps the node running, so that you can look around. 0 skips TestOpen")

// TestOpen is no claim: it leaves the node, with its tenants and with NetworkPolicies
// enforced, to somebody who wants to find out what the other tests did not look for.
func TestOpen(t *testing.T) {
	if *open == 0 {
		t.Skip("-open says how long")
	}
	w := theEnforcedWorld(t)
	users := []string{cluster.ClusterAdmin}
	for _, name := range tenantNames {
		users = append(users, w.tenants[name].admin)
	}
	require.NoError(t, w.node.Open(filepath.Join(logs, "open"), binaries["kubectl"], users, *open, os.Stdout))
}

package node_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

var open = flag.Duration("open", 0, "how long TestOpen leaves the node to whoever wants to look around; 0 leaves it out")

// enterScript runs a command in the node's namespaces. The node's first process is
// the only child of the one whose number it is given, as numbers are outside.
const enterScript = `#!/bin/sh
# Run a command on the node, or a shell: enter USER [COMMAND ARGUMENT...]
# USER is one of:%[1]s
set -e
user=$1
shift
[ $# -gt 0 ] || set -- bash
exec nsenter --target $(cat /proc/%[2]s/task/*/children) --mount --net --pid --uts --ipc \
	env KUBECONFIG="%[3]s/$user.kubeconfig" PATH="%[4]s:$PATH" "$@"
`

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
	folder, err := filepath.Abs(filepath.Join(logs, "open"))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(folder, 0o700))
	names := ""
	for _, user := range users {
		names += " " + user
		made, err := w.node.Cluster.UserKubeconfig(user)
		require.NoError(t, err)
		text, err := os.ReadFile(made)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, user+".kubeconfig"), text, 0o600))
	}
	enter := filepath.Join(folder, "enter")
	script := fmt.Sprintf(enterScript, names, cluster.Holder(), folder, filepath.Dir(binaries["kubectl"]))
	require.NoError(t, os.WriteFile(enter, []byte(script), 0o700))
	fmt.Printf("The node is open for %s. %s USER [COMMAND] runs a command on it; USER is one of%s. Without that file, the node ends.\n", *open, enter, names)
	for end := time.Now().Add(*open); time.Now().Before(end); time.Sleep(time.Second) {
		if _, err := os.Stat(enter); errors.Is(err, os.ErrNotExist) {
			return
		}
	}
}

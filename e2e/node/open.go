package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// enterScript runs a command in the node's namespaces. The node's first process is
// the only child of the one whose number it is given, as numbers are outside.
const enterScript = `#!/bin/sh
# Run a command on the node, or a shell: enter USER [COMMAND ARGUMENT...]
# USER is one of: %[1]s
set -e
user=$1
shift
[ $# -gt 0 ] || set -- bash
exec nsenter --target $(cat /proc/%[2]s/task/*/children) --mount --net --pid --uts --ipc \
	env KUBECONFIG="%[3]s/$user.kubeconfig" PATH="%[4]s:$PATH" "$@"
`

// Open leaves the node for a while to somebody who wants to look around, as one of the
// users: it writes a command "enter" into a folder, says on out how to use it, and
// returns when the time is over or when the command has been deleted.
func (n *Node) Open(folder, kubectl string, users []string, d time.Duration, out io.Writer) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, user := range users {
		made, err := n.Cluster.UserKubeconfig(user)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(made)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, user+".kubeconfig"), text, 0o600); err != nil {
			return err
		}
	}
	names := strings.Join(users, " ")
	enter := filepath.Join(folder, "enter")
	script := fmt.Sprintf(enterScript, names, cluster.Holder(), folder, filepath.Dir(kubectl))
	if err := os.WriteFile(enter, []byte(script), 0o700); err != nil {
		return err
	}
	fmt.Fprintf(out, "The node is open for %s. %s USER [COMMAND] runs a command on it; USER is one of %s. Without that file, the node ends.\n", d, enter, names)
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
		if _, err := os.Stat(enter); errors.Is(err, os.ErrNotExist) {
			return nil
		}
	}
	return nil
}

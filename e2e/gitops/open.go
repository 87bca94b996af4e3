package gitops

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// Open leaves the world for a while to somebody who wants to look around, as Node.Open
// does, and says where its repositories are.
func (w *World) Open(kubectl string, d time.Duration) error {
	users := []string{cluster.ClusterAdmin}
	for _, name := range tenants {
		users = append(users, name+"-admin")
		fmt.Printf("The repository %s%s.git of %s has its files in %s.\n", URL, w.Applications[name].Name, name, w.Applications[name].Dir)
	}
	fmt.Printf("The platform's repository %s%s.git has its files in %s. A commit in a folder is all that it takes.\n", URL, w.Platform.Name, w.Platform.Dir)
	return w.Node.Open(filepath.Join(logs, "open"), kubectl, users, d, os.Stdout)
}

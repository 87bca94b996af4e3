package argocd_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/istio-tenancy/istio-tenancy/e2e/image"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
)

var (
	binaries = servers.Binaries{}
	results  tally.Summary

	// documented is the table of claims.
	documented = tally.Table{Page: gitops.Page, Heading: "claim with Argo CD's own components"}

	tenants = flag.String("tenants", "20,200", "`numbers` of tenants of the benchmarks, separated by commas")
	over    = flag.String("components", "", "additional `components` of examples/argocd, separated by commas")
	update  = flag.Bool("update", false, "write the table of claims in "+documented.Page)
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := makePluginImage(); err != nil {
		fmt.Fprintln(os.Stderr, "argocd:", err)
		os.Exit(1)
	}
	code, err := gitops.Main(m, gitops.Tool{Families: []string{"argocd"}, Packages: packages, Table: documented, Update: *update},
		&results, binaries, func() { shared.stop() })
	if err != nil {
		fmt.Fprintln(os.Stderr, "argocd:", err)
		code = 1
	}
	os.Exit(code)
}

// pluginFolder is where makePluginImage leaves the image of this program.
const pluginFolder = ".bin/image"

// makePluginImage runs where the network is, before the tests have namespaces of their own.
func makePluginImage() error {
	if node.Root() != nil || cluster.Isolated() {
		return nil
	}
	_, err := image.Build(context.Background(), "../../..", pluginFolder)
	return err
}

// claims starts a claim of the table.
func claims(t *testing.T, text string) *tally.Claim { return results.Claim(t, text) }

// Package flux_test tests the examples of Flux with Flux' own controllers, which run
// as Pods from Flux' own manifests.
package flux_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
)

var (
	binaries = servers.Binaries{}
	results  tally.Summary

	// documented is the table of claims.
	documented = tally.Table{Page: gitops.Page, Heading: "claim with Flux' own controllers"}

	tenants    = flag.String("tenants", "20,200", "how many tenants a benchmark has, one number after the other")
	components = flag.String("components", "lockdown,newest-commit", "which components of examples/flux are over the own manifests of Flux")
	update     = flag.Bool("update", false, "write the claims into "+documented.Page)
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := gitops.Main(m, gitops.Tool{Families: []string{"flux"}, Table: documented, Update: *update},
		&results, binaries, func() { shared.stop() })
	if err != nil {
		fmt.Fprintln(os.Stderr, "flux:", err)
		code = 1
	}
	os.Exit(code)
}

// claims starts a claim of the table.
func claims(t *testing.T, text string) *tally.Claim { return results.Claim(t, text) }

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

	tenants    = flag.String("tenants", "20,200", "`numbers` of tenants of the benchmarks, separated by commas")
	components = flag.String("components", "lockdown,newest-commit", "`components` of examples/flux to use with the manifests of Flux, separated by commas")
	update     = flag.Bool("update", false, "write the table of claims in "+documented.Page)
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

package netpol_test

import (
	"fmt"
	"strings"
	"testing"
)

// Tenants of two namespaces, each with policies, a floor and a workload: what lets in
// others is found for all namespaces, and each is asked for one Pod of the next tenant.
func BenchmarkTenants(b *testing.B) {
	for _, tenants := range []int{250, 1000} {
		var text strings.Builder
		for i := range tenants {
			own := fmt.Sprint("tenant-", i)
			fmt.Fprintf(&text, "---\n%s\n---\n%s\n", strings.NewReplacer("ns-1", own, "hr", own+"-plane", "tenant: sales", "tenant: "+own).Replace(twoTenants),
				strings.ReplaceAll(clusterPolicy("Admin", "floor-"+own, 1000, "Deny"), "ns-1", own))
		}
		b.Run(fmt.Sprint(tenants), func(b *testing.B) {
			n := network(b, text.String())
			b.ResetTimer()
			for b.Loop() {
				for i := range tenants {
					own, next := fmt.Sprint("tenant-", i), fmt.Sprint("tenant-", (i+1)%tenants)
					n.Opens(own)
					if c, found := n.Any(next, n.Pods(own)[0]); found {
						b.Fatal(c)
					}
				}
			}
		})
	}
}

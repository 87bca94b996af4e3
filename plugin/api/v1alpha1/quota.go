package v1alpha1

import (
	"math/big"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// quotaNames are the resources without a "/" that the API server knows.
// Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
var quotaNames = []string{
	"configmaps", "cpu", "ephemeral-storage", "limits.cpu", "limits.ephemeral-storage", "limits.memory", "memory",
	"persistentvolumeclaims", "pods", "replicationcontrollers", "requests.cpu", "requests.ephemeral-storage",
	"requests.memory", "requests.storage", "resourcequotas", "secrets", "services", "services.loadbalancers",
	"services.nodeports",
}

func (p *problems) checkQuota(quota map[string]string) {
	for name, quantity := range quota {
		huge := strings.HasPrefix(strings.TrimPrefix(name, "requests."), "hugepages-")
		if !huge && !strings.Contains(name, "/") && !slices.Contains(quotaNames, name) {
			p.add(strictyaml.Child("spec.quota", name), "%s is no resource that a ResourceQuota counts%s", show(name), suggest.Question(name, quotaNames))
		}
		if isCount(name) && !whole(quantity) {
			p.add(strictyaml.Child("spec.quota", name), "%s counts objects: must be a whole number", show(quantity))
		}
	}
}

// isCount says whether a resource is a number of objects. The others of
// quotaNames are cores or bytes.
func isCount(name string) bool {
	measured := slices.ContainsFunc([]string{"cpu", "memory", "storage"}, func(what string) bool { return strings.HasSuffix(name, what) })
	return strings.HasPrefix(name, "count/") || slices.Contains(quotaNames, name) && !measured
}

// suffixes of quantities, as numbers.
var suffixes = map[string]string{
	"": "1", "n": "1e-9", "u": "1e-6", "m": "1e-3", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12", "P": "1e15", "E": "1e18",
	"Ki": "0x1p10", "Mi": "0x1p20", "Gi": "0x1p30", "Ti": "0x1p40", "Pi": "0x1p50", "Ei": "0x1p60",
}

// whole says whether a quantity is an integer; what is no quantity is another check's.
func whole(quantity string) bool {
	suffix := strings.TrimLeft(quantity, "+0123456789.")
	factor, found := suffixes[suffix]
	if !found {
		factor = "1" + suffix // an exponent
	}
	number, ok := new(big.Rat).SetString(strings.TrimSuffix(quantity, suffix))
	by, valid := new(big.Rat).SetString(factor) // fails for exponents that would fill the memory
	return !ok || !valid || number.Mul(number, by).IsInt()
}

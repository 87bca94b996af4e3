package check

import (
	"fmt"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// isLive says whether an object was read from a cluster, which fills in defaults.
func isLive(o *snapshot.Object) bool { return snapshot.Text(o.Content, "metadata", "uid") != "" }

// filled is what the API server fills into admission policies and their bindings.
// Source: kubernetes/kubernetes, pkg/apis/admissionregistration/v1/defaults.go.
func filled() map[string]any {
	return map[string]any{"failurePolicy": "Fail", "matchPolicy": "Equivalent", "scope": "*", "namespaceSelector": map[string]any{}, "objectSelector": map[string]any{}, "matchResources": map[string]any{}}
}

// means says whether two values of an admission policy mean the same to the API server.
func means(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, is := b.(map[string]any)
		if !is {
			return false
		}
		for _, fields := range []map[string]any{a, b} {
			for field := range fields {
				first, found := a[field]
				second, both := b[field]
				switch {
				case !found:
					first = filled()[field]
				case !both:
					second = filled()[field]
				}
				if !means(first, second) {
					return false
				}
			}
		}
		return true
	case []any:
		b, is := b.([]any)
		if !is || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !means(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	return fmt.Sprintf("%T %[1]v", number(a)) == fmt.Sprintf("%T %[1]v", number(b))
}

// number makes one type of numbers.
func number(value any) any {
	if n, is := value.(int64); is {
		return float64(n)
	}
	return value
}

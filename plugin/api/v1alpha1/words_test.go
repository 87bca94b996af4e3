package v1alpha1

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNoNamespaceEndsANameOfTheClusters: of each name, whatever a namespace could
// be is refused, unless a word of the project's own is in it.
func TestNoNamespaceEndsANameOfTheClusters(t *testing.T) {
	for _, name := range clusterNames {
		_, last, found := strings.Cut(name[strings.LastIndex(name, ":")+1:], "-")
		if i := strings.LastIndex(name, "-"); found && i >= 0 {
			require.True(t, isOfOthers(name[i+1:]), name)
		}
		if found && strings.HasPrefix(name, "system:") {
			require.True(t, isOfOthers(last), name)
		}
	}
	for _, namespace := range []string{"admin", "proxier", "node-proxier", "webhook", "manager-webhook", "system", "system-2", "system1", "1"} {
		require.True(t, isOfOthers(namespace), namespace)
	}
	for _, namespace := range []string{"istio-system", "istio-system1", "istio-admin", "sales", "mesh7", "io", "t026", "mesh-web"} {
		require.False(t, isOfOthers(namespace), namespace)
	}
}

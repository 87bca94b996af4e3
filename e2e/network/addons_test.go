package network_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// In namespaces that are closed to one another, addons reach what docs/addons.md says.
func TestAddonsInClosedNamespaces(t *testing.T) {
	const closed = "{withinTenant: deny}"
	without, with := engine(t, render(t, closed)), engine(t, render(t, closed, "closed"))
	for _, row := range []struct {
		from, to string
		port     int
		// Without and with examples/addons/closed.
		without, with bool
	}{
		{"own prometheus", "app", 15020, false, true},
		{"own prometheus", "gateway", 15020, false, true},
		{"own prometheus", "kiali", 9090, false, true},
		{"own prometheus", "jaeger", 8888, false, true},
		{"own prometheus", "istiod", 15014, true, true},
		{"grafana", "own prometheus", 9090, false, true},
		{"grafana", "jaeger", 16686, false, true},
		{"kiali", "own prometheus", 9090, false, true},
		{"kiali", "grafana", 3000, false, true},
		{"kiali", "jaeger", 16685, false, true},
		{"kiali", "istiod", 15014, true, true},
		{"app", "jaeger", 4317, false, true},

		{"app", "own prometheus", 9090, false, false},
		{"app", "grafana", 3000, false, false},
		{"app", "kiali", 20001, false, false},
		{"app", "jaeger", 16686, false, false},
		{"peer", "app", 8080, false, false},
		{"grafana", "app", 8080, false, false},
		{"dev's prometheus", "app", 15020, false, false},
		{"dev's grafana", "own prometheus", 9090, false, false},
		{"dev", "jaeger", 4317, false, false},
		{"outside", "grafana", 3000, false, false},
	} {
		from, to := pods[row.from].Status.PodIP, pods[row.to].Status.PodIP
		got, err := without.Allows(from, to, row.port)
		require.NoError(t, err)
		require.Equal(t, row.without, got, "without: %s -> %s:%d", row.from, row.to, row.port)
		got, err = with.Allows(from, to, row.port)
		require.NoError(t, err)
		require.Equal(t, row.with, got, "with: %s -> %s:%d", row.from, row.to, row.port)
	}
}

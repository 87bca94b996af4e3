package node_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// This file's tests come first, before anything enforces NetworkPolicies, which are
// there already.

// Without it, what is refused later could be what never worked.
func TestWithoutAnEngineEverythingReachesEverything(t *testing.T) {
	c := claims(t, "Positive control: before a network plugin enforces the policies, every connection of the table of docs/network.md succeeds, and so does every connection of two tenants' addons to their targets in all tenants")
	w := theWorld(t)
	require.False(t, w.enforces, "this test is the first of a run")
	cells, err := thePopulation(t, w).connections(w)
	require.NoError(t, err)
	for i, got := range answered(cells) {
		c.Verify(got, "%s: refused", cells[i].name)
	}
}

func TestPlaintextListensOnLoopbackAlone(t *testing.T) {
	c := claims(t, "istiod's plaintext xDS and the API proxy's view listen only on the loopback address of their Pod: before a network plugin enforces anything, only istiod's own Pod can connect to them")
	w := theWorld(t)
	require.False(t, w.enforces, "this test is among the first of a run")
	p := thePopulation(t, w)
	cells, err := p.cells(closedPorts)
	require.NoError(t, err)
	for i, got := range answered(cells) {
		c.Verify(!got, "%s: connects", cells[i].name)
	}
	for _, r := range closedPorts {
		found, err := p.find(r.namespace, r.name)
		require.NoError(t, err)
		place, err := w.node.Pod(found.Namespace, found.Name)
		require.NoError(t, err)
		conn, err := place.Dial(context.Background(), "tcp", join("127.0.0.1", r.port))
		c.Verify(err == nil, "%s: on loopback: %v", r.to, err)
		if err == nil {
			conn.Close()
		}
	}
}

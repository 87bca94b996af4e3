package node_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var enforce sync.Once

// theEnforcedWorld is theWorld, whose NetworkPolicies hold.
func theEnforcedWorld(t *testing.T) *world {
	t.Helper()
	w := theWorld(t)
	var err error
	enforce.Do(func() { err = w.node.Enforce() })
	require.NoError(t, err)
	return w
}

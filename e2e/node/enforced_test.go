package node_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var engine struct {
	once sync.Once
	err  error
}

// theEnforcedWorld is theWorld, in which NetworkPolicies are enforced from now on.
func theEnforcedWorld(t *testing.T) *world {
	t.Helper()
	w := theWorld(t)
	engine.once.Do(func() { engine.err = w.node.Enforce() })
	require.NoError(t, engine.err)
	return w
}

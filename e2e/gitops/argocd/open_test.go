package argocd_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
)

var open = flag.Duration("open", 0, "how long TestOpen leaves the node to whoever wants to look around; 0 leaves it out")

// TestOpen is no claim: it leaves the node, with examples/argocd applied, to somebody who
// wants to find out what the other tests did not look for.
func TestOpen(t *testing.T) {
	if *open == 0 {
		t.Skip("-open says how long")
	}
	require.NoError(t, theTenants(t).Open(binaries["kubectl"], *open))
}

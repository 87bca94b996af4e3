package flux_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
)

var open = flag.Duration("open", 0, "`time` for which TestOpen keeps the node running, so that you can look around. 0 skips TestOpen")

// TestOpen is no claim: it leaves the node, with examples/flux applied, to somebody who
// wants to find out what the other tests did not look for.
func TestOpen(t *testing.T) {
	if *open == 0 {
		t.Skip("-open says how long")
	}
	require.NoError(t, fromZero(t).Open(binaries["kubectl"], *open))
}

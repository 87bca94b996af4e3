package allow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

func TestBounds(t *testing.T) {
	l := allow.List{}
	require.Equal(t, allow.DefaultMemory, l.MemoryBound())
	require.Equal(t, time.Duration(allow.DefaultTime), l.TimeBound())
	require.NoError(t, l.Memory.Set("1.5Gi"))
	require.NoError(t, l.Time.Set("90s"))
	require.EqualValues(t, 3<<29, l.MemoryBound())
	require.Equal(t, 90*time.Second, l.TimeBound())
	require.Equal(t, "1536Mi 1m30s", l.Memory.String()+" "+l.Time.String())
	require.Equal(t, "1025Mi", (allow.DefaultMemory + 1).String(), "more than the bound is not shown as the bound")
	for _, text := range []string{"", "0", "-1Gi", "63Mi", "x"} {
		require.EqualError(t, l.Memory.Set(text), "must be a size of at least 64Mi, such as 512Mi or 4Gi", text)
	}
	for _, text := range []string{"", "0", "-1s", "5"} {
		require.EqualError(t, l.Time.Set(text), "must be a time of more than 0, such as 90s or 10m", text)
	}
}

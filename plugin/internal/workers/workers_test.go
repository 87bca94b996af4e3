package workers_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
)

func TestEachIsCalledOnceAndNoMoreThanSoManyAtOnce(t *testing.T) {
	const n, atOnce = 200, 3
	var mu sync.Mutex
	called, now, most := map[int]int{}, 0, 0
	workers.Each(t.Context(), n, atOnce, func(i int) {
		mu.Lock()
		called[i]++
		now++
		most = max(most, now)
		mu.Unlock()
		mu.Lock()
		now--
		mu.Unlock()
	})
	require.Len(t, called, n)
	for i, times := range called {
		require.Equal(t, 1, times, i)
	}
	require.LessOrEqual(t, most, atOnce)
	require.Zero(t, now)
}

func TestNoMoreBeginWhenTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	called := 0
	workers.Each(ctx, 100, 1, func(int) {
		called++
		cancel()
	})
	require.Less(t, called, 100)
	require.NotZero(t, called)
}

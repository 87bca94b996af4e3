// Package workers does many things, several at once.
package workers

import (
	"context"
	"runtime"
	"sync"
)

// OnAllCores calls f for each of n, one on each core.
func OnAllCores(n int, f func(i int)) {
	Each(context.Background(), n, runtime.GOMAXPROCS(0), f)
}

// Each calls f for each of n, in order and this many at once, and returns when all
// have ended. When the context ends, it starts no further call.
func Each(ctx context.Context, n, atOnce int, f func(i int)) {
	var wait sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range n {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wait.Go(func() {
			defer func() { <-slots }()
			f(i)
		})
	}
	wait.Wait()
}

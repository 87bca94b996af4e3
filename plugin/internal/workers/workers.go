// Package workers does many things, several at once.
package workers

import (
	"context"
	"sync"
)

// Each calls f for each of n, so many at once, in order, and returns when all have ended.
// When the context ends, it begins no more.
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

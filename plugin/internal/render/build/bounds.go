package build

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

// ErrExceeds is the error of a build that used more memory or time than it may.
var ErrExceeds = errors.New("exceeds a bound")

// exceedsCode is the exit code of the process of such a build. What it printed last, after
// endOfBuild, says which bound.
const exceedsCode = 3

// tick is how often a process looks at what it uses.
const tick = 25 * time.Millisecond

// bounds are those of the build that a process runs now.
type bounds struct {
	mu      sync.Mutex
	allowed allow.List
	began   time.Time
}

// watch ends this process when a build uses more than it may. What kustomize does with a
// small overlay can fill any memory, and take any time: a patch copies a value into
// itself, thirty times. The limits of an operating system differ, and end a process of Go
// without a message.
func (b *bounds) watch(stderr io.Writer) (stop func()) {
	stopped := make(chan struct{})
	go func() {
		every := time.NewTicker(tick)
		defer every.Stop()
		for {
			select {
			case <-stopped:
				return
			case <-every.C:
				if problem := b.exceeded(); problem != "" {
					_, _ = io.WriteString(stderr, endOfBuild+problem) // nobody else hears of it
					os.Exit(exceedsCode)
				}
			}
		}
	}()
	return func() { close(stopped) }
}

// begin says that a build begins. Before its bound, the process collects garbage more often.
func (b *bounds) begin(allowed allow.List) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed, b.began = allowed, time.Now()
	debug.SetMemoryLimit(int64(allowed.MemoryBound() / 4 * 3))
}

func (b *bounds) exceeded() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if used, bound := usedMemory(), b.allowed.MemoryBound(); used > bound {
		return fmt.Sprintf("its build uses %s of memory: must use at most %s; make what it lists or repeats smaller, or allow more with --allow-memory",
			used, bound)
	}
	if bound := b.allowed.TimeBound(); time.Since(b.began) > bound {
		return fmt.Sprintf("its build has not ended after %s: must take no longer; make what it lists or repeats smaller, or allow more with --allow-time", bound)
	}
	return ""
}

// usedMemory is what this process has of the machine's memory.
func usedMemory() allow.Memory {
	of := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(of)
	return allow.Memory(of[0].Value.Uint64() - of[1].Value.Uint64()) //nolint:gosec // no machine has so much
}

// exceeds is the error of a process that ended itself in [bounds.watch].
func exceeds(stderr string) error {
	return fmt.Errorf("%w%s", silent{ErrExceeds}, stderr[strings.LastIndex(stderr, endOfBuild)+len(endOfBuild):])
}

// silent is an error without a text.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

// endWith ends this process when the one that holds the other end of a pipe does, however
// that one ends.
func endWith(in io.Reader) {
	pipe, ok := in.(*os.File)
	if !ok {
		return
	}
	if info, err := pipe.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, pipe) // nothing more comes
		os.Exit(1)
	}()
}

// Package netns runs code in other network namespaces than the process's own.
package netns

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Do calls f in a network namespace, of which a file is: processes that it starts, and
// sockets that it opens, belong there.
func Do(namespace *os.File, f func() error) error {
	return OnThreadOfItsOwn(func() error {
		if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the network namespace %s: %w", namespace.Name(), err)
		}
		return f()
	})
}

// OnThreadOfItsOwn calls f on a thread that ends with it, so that nothing else
// runs in the namespaces that the thread has entered.
func OnThreadOfItsOwn(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

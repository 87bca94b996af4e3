// Command istio-tenancy is a kustomize function that lays a tenant over a
// shared Istio base, and the commands around it.
package main

import (
	"os"
	"runtime/debug"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/cli"
)

func main() {
	// A function lives for some ten milliseconds, once per overlay: collecting
	// its garbage less often costs a few megabytes, and saves a tenth of them.
	debug.SetGCPercent(400)
	os.Exit(cli.Run(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

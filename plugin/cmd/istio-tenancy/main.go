// Command istio-tenancy is a kustomize function that lays a tenant over a
// shared Istio base, and the commands around it.
package main

import (
	"os"

	"github.com/istio-tenancy/istio-tenancy/plugin/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

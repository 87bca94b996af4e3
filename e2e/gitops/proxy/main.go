// Command proxy is in the place of Istio's image proxyv2, in which there would be
// Envoy. A Pod that was injected becomes ready by it, and one that was not has no
// such image. It does no work of a proxy: connections go past it.
package main

import (
	"fmt"
	"net/http"
	"os"
)

// ports are those that Pods' probes ask, and where Prometheus reads.
var ports = []string{"15020", "15021", "15090"}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "istio-iptables" { // of istio-init, which ends
		return
	}
	ended := make(chan error)
	for _, port := range ports {
		go func() {
			ended <- http.ListenAndServe(":"+port, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		}()
	}
	fmt.Fprintln(os.Stderr, <-ended)
	os.Exit(1)
}
